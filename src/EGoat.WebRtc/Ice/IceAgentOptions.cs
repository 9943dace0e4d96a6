using System.Net.Sockets;

namespace EGoat.WebRtc.Ice;

/// <summary>Times and bounds of an <see cref="IceAgent"/>.</summary>
public sealed record IceAgentOptions
{
    /// <summary>Time between two checks that are sent first (Ta, RFC 8445 section 14.2). Default 20 ms; at least 5 ms.</summary>
    public TimeSpan PacingInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Time before an unanswered check is sent again; doubled each time. Default 200 ms: RFC 8445 section 14.3 asks for
    /// 500 ms, which a lost first packet would add to every connect.
    /// </summary>
    public TimeSpan InitialRetransmissionTimeout { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often a check is sent in all before it counts as failed (Rc, RFC 8489 section 6.2.1). Default 7.</summary>
    public int MaxTransmissions { get; init; } = 7;

    /// <summary>How long the controlling side waits for a better pair than the first that works. Default 50 ms.</summary>
    public TimeSpan NominationDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Mean time between consent checks (RFC 7675 section 5.1). Default 5 s; each is 0.8 to 1.2 times as long.</summary>
    public TimeSpan ConsentInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which the state is <see cref="IceConnectionState.Disconnected"/>. Default 10 s.</summary>
    public TimeSpan DisconnectedTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which consent has expired (RFC 7675 section 5.1), and time for a first pair to work. Default 30 s.</summary>
    public TimeSpan FailedTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most remote candidates that are kept; later ones are dropped. Default 64.</summary>
    public int MaxRemoteCandidates { get; init; } = 64;

    /// <summary>Most candidate pairs (RFC 8445 section 6.1.2.5). Default 100.</summary>
    public int MaxPairs { get; init; } = 100;

    /// <summary>The only address family that is used; null, the default, for both.</summary>
    public AddressFamily? AddressFamily { get; init; }

    /// <summary>
    /// Whether an address may be used: candidates of either side with other addresses are dropped, and datagrams from
    /// there are not answered. Null, the default, allows all.
    /// </summary>
    public Func<TransportAddress, bool>? AddressFilter { get; init; }

    internal bool Allows(TransportAddress address) =>
        (AddressFamily is not { } family || address.IsIPv6 == (family == System.Net.Sockets.AddressFamily.InterNetworkV6)) && AddressFilter?.Invoke(address) != false;
}
