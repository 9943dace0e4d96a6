namespace EGoat.Keys;

/// <summary>What became of a sealed introduction that arrived.</summary>
public enum SealOutcome
{
    /// <summary>It was opened: who sent it holds the room's key, and nothing of it was altered.</summary>
    Opened,

    /// <summary>It has no such form, or is too short or too long.</summary>
    Malformed,

    /// <summary>It is of another version of the protocol.</summary>
    OtherVersion,

    /// <summary>It is sealed in another epoch: the room has another key by now, or not yet here.</summary>
    OtherEpoch,

    /// <summary>It claims to come from this side itself.</summary>
    OwnSender,

    /// <summary>It does not open: it was altered, redirected, or sealed without the key.</summary>
    Forged,

    /// <summary>It was opened before.</summary>
    Replayed,
}
