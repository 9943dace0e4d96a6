namespace EGoat.Keys;

/// <summary>Why an exchange under a code has failed.</summary>
public enum CodeFailure
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>A message has no such form, or does not belong here.</summary>
    Malformed,

    /// <summary>The other side is of another version of the protocol.</summary>
    OtherVersion,

    /// <summary>The other side shows this side's own id or share: somebody sends back what was sent.</summary>
    Reflected,

    /// <summary>The other side's share is one that makes any key known.</summary>
    WeakShare,

    /// <summary>The other side does not know the code: it was misheard, or somebody guesses.</summary>
    WrongCode,

    /// <summary>The code had its one success, its three failures or its hour while this was under way.</summary>
    Ended,

    /// <summary>What the other side has sent, having proved to know the code, is not the link of a room.</summary>
    BadLink,
}
