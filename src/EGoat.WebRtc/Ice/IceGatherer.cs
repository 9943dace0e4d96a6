using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Ice;

/// <summary>
/// Server-reflexive and relayed candidates of one set of sockets (RFC 8445 section 5.1.1.2): asks every STUN and TURN
/// server, keeps what they gave alive, and carries datagrams through the relays. Sans-IO, not thread-safe.
/// </summary>
/// <remarks>
/// A relayed address is used as if it were a socket of this host: what connections send from it goes through
/// <see cref="Relay"/>, and what comes out of <see cref="HandleDatagram"/> came in on it.
/// </remarks>
internal sealed class IceGatherer(IEntropySource entropy)
{
    private readonly List<Source> _sources = [];

    /// <summary>What was reported as found and not as lost: no address and base is in it twice (RFC 8445 section 5.1.3).</summary>
    private readonly List<IceCandidate> _candidates = [];
    private readonly Queue<IceGathererEvent> _events = new();

    /// <summary>All servers have answered, or were given up.</summary>
    public bool IsComplete => _sources.TrueForAll(s => s.IsSettled);

    public TimeSpan? NextTimeout
    {
        get
        {
            TimeSpan? next = null;
            foreach (Source source in _sources)
            {
                next = source.NextTimeout is { } due && !(next < due) ? due : next;
            }

            return next;
        }
    }

    /// <summary>Asks a STUN server for the address of a UDP socket; one that is asked already is not asked again.</summary>
    public void AddStun(TransportAddress local, TransportAddress server)
    {
        if (!_sources.Exists(s => s.Stun is not null && s.Local == local && s.Server == server))
        {
            _sources.Add(new Source { Local = local, Server = server, Stun = new StunBinding(entropy), Preference = Preference(IceServerTransport.Udp) });
        }
    }

    /// <summary>
    /// Asks a TURN server for an address, over a UDP socket or a stream. A second client over the same path would take the
    /// first one's allocation away (RFC 8656 section 2.1): two names of one server are one.
    /// </summary>
    public void AddTurn(TransportAddress local, TransportAddress server, IceServerTransport transport, string username, string credential, bool tellsReflexive)
    {
        if (_sources.Exists(s => s.Turn is not null && s.Local == local && s.Server == server))
        {
            return;
        }

        var source = new Source
        {
            Local = local,
            Server = server,
            Turn = new TurnClient(server, transport != IceServerTransport.Udp, username, credential, entropy),
            TellsReflexive = tellsReflexive && transport == IceServerTransport.Udp,
            Preference = Preference(transport),
        };
        _sources.Add(source);
        Update(source);
    }

    /// <summary>The stream to a TURN server has ended, and the allocation with it.</summary>
    public void Remove(TransportAddress local)
    {
        foreach (Source source in _sources.FindAll(s => s.Local == local))
        {
            _sources.Remove(source);
            Lose(source, "The connection to the TURN server has ended.");
        }
    }

    /// <summary>Whether a server is asked over this path: its datagrams are the gatherer's.</summary>
    public bool IsServer(TransportAddress local, TransportAddress remote) => Find(local, remote) is not null;

    /// <summary>Takes a datagram of a server. True when it carries something of a peer: then where it is, and to and from whom.</summary>
    public bool HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, ReadOnlySpan<byte> datagram, out TransportAddress relayed, out TransportAddress peer, out Range payload)
    {
        relayed = peer = default;
        payload = default;
        foreach (Source source in _sources)
        {
            if (source.Local != local || source.Server != remote)
            {
                continue;
            }

            if (source.Turn is { } turn)
            {
                if (turn.HandleDatagram(now, datagram, out peer, out payload) && turn.RelayedAddress is { } address)
                {
                    relayed = address;
                    return true;
                }
            }
            else if (StunMessage.TryParse(datagram, out StunMessage message))
            {
                source.Stun!.HandleMessage(now, message);
            }

            Update(source);
        }

        return false;
    }

    /// <summary>Wraps a datagram that is sent from a relayed address. False when it waits or is dropped.</summary>
    /// <param name="now">The present time.</param>
    /// <param name="relayed">The relayed address that it is sent from.</param>
    /// <param name="peer">Whom it is for.</param>
    /// <param name="payload">The datagram.</param>
    /// <param name="destination">At least <see cref="TurnClient.MaxOverhead"/> bytes longer than the payload.</param>
    /// <param name="transmit">What to send to the server.</param>
    public bool Relay(TimeSpan now, TransportAddress relayed, TransportAddress peer, ReadOnlySpan<byte> payload, Span<byte> destination, out Transmit transmit)
    {
        transmit = default;
        foreach (Source source in _sources)
        {
            if (source.Turn is { } turn && turn.RelayedAddress == relayed)
            {
                int length = turn.Send(now, peer, payload, destination);
                transmit = new Transmit(source.Local, source.Server, length, length);
                return length > 0;
            }
        }

        return false;
    }

    public void HandleTimeout(TimeSpan now)
    {
        foreach (Source source in _sources)
        {
            source.Stun?.HandleTimeout(now);
            source.Turn?.HandleTimeout(now);
            Update(source);
        }
    }

    /// <summary>Writes what is to be sent to a server next.</summary>
    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        foreach (Source source in _sources)
        {
            int length = 0;
            if (source.Stun?.TryPollTransmit(now, buffer, out length) == true || source.Turn?.TryPollTransmit(now, buffer, out length) == true)
            {
                transmit = new Transmit(source.Local, source.Server, length, length);
                return true;
            }
        }

        transmit = default;
        return false;
    }

    public bool TryPollEvent(out IceGathererEvent e) => _events.TryDequeue(out e);

    /// <summary>Gives all allocations back; poll once more to send that.</summary>
    public void Close() => _sources.ForEach(s => s.Turn?.Close());

    // Among relays UDP before TCP before TLS: each adds delay to every packet.
    private ushort Preference(IceServerTransport transport) => (ushort)(ushort.MaxValue - (0x4000 * (int)transport) - _sources.Count);

    private Source? Find(TransportAddress local, TransportAddress server)
    {
        foreach (Source source in _sources)
        {
            if (source.Local == local && source.Server == server)
            {
                return source;
            }
        }

        return null;
    }

    private void Update(Source source)
    {
        TransportAddress? reflexive = source.Stun is { } stun ? stun.MappedAddress : source.TellsReflexive ? source.Turn!.MappedAddress : null;
        IceCandidate? oldReflexive = source.Reflexive;
        IceCandidate? oldRelayed = source.Relayed;
        if (reflexive != oldReflexive?.Address)
        {
            source.Reflexive = reflexive is { } mapped ? IceCandidate.CreateServerReflexive(mapped, source.Local, source.Preference) : null;
            Replace(oldReflexive, source.Reflexive);
        }

        if (source.Turn?.RelayedAddress != oldRelayed?.Address)
        {
            source.Relayed = source.Turn?.RelayedAddress is { } relayed ? IceCandidate.CreateRelayed(relayed, source.Preference) : null;
            Replace(oldRelayed, source.Relayed);
        }

        string? failure = source.Stun is not null ? source.Stun.FailureReason : source.Turn!.FailureReason;
        if (failure is not null && failure != source.ReportedFailure)
        {
            _events.Enqueue(new IceGathererEvent(IceGathererEventType.ServerFailed, null, $"{failure} ({source.Server})"));
        }

        source.ReportedFailure = failure;
    }

    private void Lose(Source source, string reason)
    {
        Replace(source.Reflexive, null);
        Replace(source.Relayed, null);
        _events.Enqueue(new IceGathererEvent(IceGathererEventType.ServerFailed, null, $"{reason} ({source.Server})"));
    }

    private void Replace(IceCandidate? old, IceCandidate? present)
    {
        if (old is not null && !_sources.Exists(s => IsSame(s.Reflexive, old) || IsSame(s.Relayed, old)) && _candidates.Find(c => IsSame(c, old)) is { } lost)
        {
            _candidates.Remove(lost);
            _events.Enqueue(new IceGathererEvent(IceGathererEventType.CandidateLost, lost, null));
        }

        if (present is not null && !_candidates.Exists(c => IsSame(c, present)))
        {
            _candidates.Add(present);
            _events.Enqueue(new IceGathererEvent(IceGathererEventType.CandidateFound, present, null));
        }
    }

    private static bool IsSame(IceCandidate? a, IceCandidate b) => a is not null && a.Address == b.Address && a.Base == b.Base;

    /// <summary>A server, asked over one path.</summary>
    private sealed class Source
    {
        public required TransportAddress Local { get; init; }

        public required TransportAddress Server { get; init; }

        public required ushort Preference { get; init; }

        public StunBinding? Stun { get; init; }

        public TurnClient? Turn { get; init; }

        public bool TellsReflexive { get; init; }

        public IceCandidate? Reflexive { get; set; }

        public IceCandidate? Relayed { get; set; }

        public string? ReportedFailure { get; set; }

        public bool IsSettled => Stun?.IsSettled ?? Turn!.IsSettled;

        public TimeSpan? NextTimeout => Stun is { } stun ? stun.NextTimeout : Turn!.NextTimeout;
    }
}

/// <summary>What an <see cref="IceGatherer"/> reports.</summary>
internal enum IceGathererEventType
{
    CandidateFound,
    CandidateLost,
    ServerFailed,
}

/// <param name="Type">What happened.</param>
/// <param name="Candidate">The candidate that was found or lost.</param>
/// <param name="Reason">Why a server gives nothing.</param>
internal readonly record struct IceGathererEvent(IceGathererEventType Type, IceCandidate? Candidate, string? Reason);
