using EGoat.WebRtc;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Benchmarks.Links;

/// <summary>A connection of the engine over its sockets, without rooms and files above it.</summary>
internal sealed class RtcLinkSession(RtcHost host, bool ownsHost) : LinkSession
{
    private static readonly DtlsCertificate Certificate = DtlsCertificate.Create();

    private readonly RtcConnection _connection = host.CreateConnection();
    private bool _isOfferer;

    public static RtcHost OpenHost(int maxDatagramSize = PeerConnectionOptions.DatagramSizeLimit) =>
        RtcHost.Open(new RtcHostOptions { Certificate = Certificate, IncludeLoopback = true, MaxDatagramSize = maxDatagramSize });

    /// <summary>Completes when channels work.</summary>
    public Task Connected => _connection.Connected;

    public override string Offer()
    {
        _isOfferer = true;
        return _connection.CreateOffer();
    }

    public override string Answer(string offer) => _connection.AcceptOffer(offer);

    public override void Accept(string answer) => _connection.AcceptAnswer(answer);

    public override async Task<Link> OpenAsync(string label, CancellationToken cancellationToken)
    {
        if (_isOfferer)
        {
            RtcDataChannel channel = _connection.CreateDataChannel(label);
            await channel.Opened.WaitAsync(cancellationToken);
            return new ChannelLink(channel);
        }

        await foreach (RtcEvent e in _connection.Events.ReadAllAsync(cancellationToken))
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel.Label == label ? new ChannelLink(channel) : throw new InvalidOperationException($"'{channel.Label}' came instead of '{label}'.");
            }
        }

        throw new IOException($"The connection ended: {_connection.EndReason}");
    }

    public override async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        if (ownsHost)
        {
            await host.DisposeAsync();
        }
    }

    private sealed class ChannelLink(RtcDataChannel channel) : Link
    {
        public override ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => channel.SendAsync(message, isText: false, cancellationToken);

        public override async ValueTask<int> ReceiveAsync(CancellationToken cancellationToken)
        {
            using RtcMessage? message = await channel.ReceiveAsync(cancellationToken);
            return message?.Data.Length ?? 0;
        }
    }
}
