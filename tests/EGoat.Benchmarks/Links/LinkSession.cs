using EGoat.WebRtc;

namespace EGoat.Benchmarks.Links;

/// <summary>
/// A connection between two ends that may be in different processes: each makes a description that the other needs.
/// Both open their links in the same order.
/// </summary>
internal abstract class LinkSession : IAsyncDisposable
{
    public const string Sockets = "sockets";

    /// <summary>The same with datagrams that every path carries.</summary>
    public const string SocketsBasePackets = "sockets-1200";
    public const string Tcp = "tcp";
    public const string Tls = "tls";

    public static LinkSession Create(string kind) => kind switch
    {
        Sockets => new RtcLinkSession(RtcLinkSession.OpenHost(), ownsHost: true),
        SocketsBasePackets => new RtcLinkSession(RtcLinkSession.OpenHost(PeerConnection.BaseDatagramSize), ownsHost: true),
        Tcp => new TcpLinkSession(isTls: false),
        Tls => new TcpLinkSession(isTls: true),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The first description.</summary>
    public abstract string Offer();

    /// <summary>Takes the offer; returns the other description.</summary>
    public abstract string Answer(string offer);

    /// <summary>Takes the answer.</summary>
    public abstract void Accept(string answer);

    public abstract Task<Link> OpenAsync(string label, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>Connects with the end in another process; the process that started both carries the descriptions.</summary>
    public void ConnectThroughConsole(bool isOfferer)
    {
        if (isOfferer)
        {
            DescriptionLine.Write(Offer());
            Accept(DescriptionLine.Read());
        }
        else
        {
            DescriptionLine.Write(Answer(DescriptionLine.Read()));
        }
    }
}
