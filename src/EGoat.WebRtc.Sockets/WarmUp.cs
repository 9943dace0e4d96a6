using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Lets two engines connect in memory, once in a process and on a thread of the pool, while the first real connection is still
/// being signaled: what is compiled, loaded and looked up at the first use is ready then.
/// </summary>
internal static class WarmUp
{
    /// <summary>Many more steps than a connection without losses takes.</summary>
    private const int MaxSteps = 100;

    private const int MessageLength = 64 * 1024;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private static int s_isStarted;

    /// <summary>Starts it, if nobody has; the options' certificate must outlive it.</summary>
    public static Task StartAsync(PeerConnectionOptions options) =>
        Interlocked.Exchange(ref s_isStarted, 1) == 0 ? Task.Run(() => Run(options)) : Task.CompletedTask;

    /// <summary>True when the message arrived.</summary>
    internal static bool Run(PeerConnectionOptions options)
    {
        TimeSpan now = TimeSpan.FromSeconds(1);
        using PeerConnection a = Create(now, options, 1);
        using PeerConnection z = Create(now, options, 2);
        DataChannel channel = a.CreateDataChannel(now, "");
        a.AcceptAnswer(now, z.AcceptOffer(now, a.CreateOffer(now)));
        byte[] buffer = new byte[options.MaxDatagramSize * 4];
        DataChannel? incoming = null;
        bool isSent = false;
        for (int step = 0; step < MaxSteps; step++)
        {
            now += Step;
            Move(now, a, z, buffer);
            Move(now, z, a, buffer);
            incoming ??= FindIncoming(z);
            if (!isSent && channel.ReadyState == DataChannelState.Open)
            {
                channel.Send(now, new byte[MessageLength], isText: false);
                isSent = true;
            }

            if (incoming is not null && incoming.TryReceive(out DataChannelMessage message))
            {
                message.Return();
                return true;
            }
        }

        return false;
    }

    // Addresses for documentation (RFC 5737): nothing leaves this method.
    private static PeerConnection Create(TimeSpan now, PeerConnectionOptions options, byte host)
    {
        TransportAddress address = TransportAddress.FromBytes([192, 0, 2, host], 9);
        var peer = new PeerConnection(options, SystemEntropy.Instance);
        peer.AddLocalCandidate(now, IceCandidate.CreateHost(address, address, 1));
        return peer;
    }

    private static void Move(TimeSpan now, PeerConnection from, PeerConnection to, byte[] buffer)
    {
        if (from.NextTimeout <= now)
        {
            from.HandleTimeout(now);
        }

        while (from.TryPollTransmit(now, buffer, out Transmit transmit))
        {
            for (int at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                to.HandleDatagram(now, transmit.Remote, transmit.Local, buffer.AsSpan(at, Math.Min(transmit.SegmentSize, transmit.Length - at)));
            }
        }
    }

    private static DataChannel? FindIncoming(PeerConnection peer)
    {
        while (peer.TryPollEvent(out PeerConnectionEvent e))
        {
            if (e.Type == PeerConnectionEventType.Channel && e.Channel.Type == DataChannelEventType.Incoming)
            {
                return e.Channel.Channel;
            }
        }

        return null;
    }
}
