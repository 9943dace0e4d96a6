namespace EGoat.Keys;

/// <summary>How far an exchange under a code is.</summary>
public enum CodeExchangeState
{
    /// <summary>The side that invites waits to hear who joins.</summary>
    AwaitingHello,

    /// <summary>The side that joins waits for the other's share.</summary>
    AwaitingShare,

    /// <summary>The side that invites waits for the other's share and proof.</summary>
    AwaitingProof,

    /// <summary>The side that joins waits for the other's proof and the link.</summary>
    AwaitingLink,

    /// <summary>Both have proved that they know the code. The side that joins has the link; the other has sent it.</summary>
    Done,

    /// <summary>It has failed and does nothing any more.</summary>
    Failed,
}
