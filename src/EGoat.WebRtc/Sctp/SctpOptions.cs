using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.WebRtc.Sctp;

/// <summary>Sizes, times and limits of an association. Both ends use the same port over DTLS (RFC 8261, RFC 8841).</summary>
internal sealed record SctpOptions
{
    /// <summary>The SCTP port of both ends. Default 5000, as WebRTC writes it.</summary>
    public ushort LocalPort { get; init; } = 5000;

    /// <summary>The peer's port, from <c>a=sctp-port</c>.</summary>
    public ushort RemotePort { get; init; } = 5000;

    /// <summary>The longest packet in bytes that any path carries (BASE_PLPMTU). Default 1,160: a DTLS record of it fills a datagram of 1,200.</summary>
    public int BasePacketSize { get; init; } = 1160;

    /// <summary>The longest packet that is tried (MAX_PLPMTU, RFC 8899), with peers that know PAD. Default: none longer than <see cref="BasePacketSize"/>.</summary>
    public int MaxPacketSize { get; init; } = 1160;

    /// <summary>Bytes that may be received and not consumed (a_rwnd). Default 2 MiB; at least twice <see cref="MaxMessageSize"/>.</summary>
    public int ReceiveWindow { get; init; } = 2 * 1024 * 1024;

    /// <summary>The longest message that is accepted; a longer one breaks the association. Default 256 KiB, as announced in SDP.</summary>
    public int MaxMessageSize { get; init; } = 256 * 1024;

    /// <summary>Whether message interleaving (RFC 8260) is offered. Default true.</summary>
    public bool EnableInterleaving { get; init; } = true;

    /// <summary>Whether zero checksums (RFC 9653) are offered. Default true.</summary>
    public bool EnableZeroChecksum { get; init; } = true;

    /// <summary>RTO before a round trip was measured. Default 500 ms.</summary>
    public TimeSpan InitialRetransmissionTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The least RTO: longer than a peer may delay a SACK (200 ms). Default 400 ms.</summary>
    public TimeSpan MinRetransmissionTimeout { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>The most that back-off comes to. Default 3 s: ICE decides when the peer is gone, and after an outage data should flow at once.</summary>
    public TimeSpan MaxRetransmissionTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a SACK may wait for company. Default 50 ms; RFC 9260 section 6.2 allows 500.</summary>
    public TimeSpan SackDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Time between heartbeats of an idle association. Default 30 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Lifetime of a state cookie (Valid.Cookie.Life). Default 60 s.</summary>
    public TimeSpan CookieLifetime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often INIT and COOKIE ECHO are sent again before the peer counts as absent (Max.Init.Retransmits). Default 12.</summary>
    public int MaxInitRetransmits { get; init; } = 12;

    /// <summary>Expiries in a row without an answer after which the association is aborted (Association.Max.Retrans). Default 20.</summary>
    public int MaxRetransmits { get; init; } = 20;

    /// <summary>Makes the congestion control, from the size of a full packet. Default <see cref="DelayCongestionControl"/>.</summary>
    public Func<int, ICongestionControl> CreateCongestionControl { get; init; } = static size => new DelayCongestionControl(size);
}
