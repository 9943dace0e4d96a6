namespace EGoat.Keys;

/// <summary>What has become of a code.</summary>
public enum CodeInvitationState
{
    /// <summary>It can be used.</summary>
    Open,

    /// <summary>Somebody has used it.</summary>
    Used,

    /// <summary>Three tries were wrong.</summary>
    Failed,

    /// <summary>Its hour is over.</summary>
    Lapsed,
}
