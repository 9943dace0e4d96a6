namespace EGoat.WebRtc.Ice;

/// <summary>
/// What is left of the session before a restart (RFC 8445 section 9): the pair that carries data until the new session has
/// one, and the credentials with which consent for it is kept (RFC 7675 section 5.1).
/// </summary>
internal sealed class IceGeneration(IceCredentials local, IceCredentials remote, byte[] outgoingUsername, CandidatePair pair)
{
    public IceCredentials LocalCredentials { get; } = local;

    public IceCredentials RemoteCredentials { get; } = remote;

    /// <summary>USERNAME of this side's consent checks.</summary>
    public byte[] OutgoingUsername { get; } = outgoingUsername;

    public CandidatePair Pair { get; } = pair;

    /// <summary>Set once the new session has a pair: until then the peer, which may not have one yet, is still heard and answered.</summary>
    public TimeSpan? RetiresAt { get; set; }

    public bool IsPath(TransportAddress local, TransportAddress remote) => Pair.Local.Base == local && Pair.Remote.Address == remote;
}
