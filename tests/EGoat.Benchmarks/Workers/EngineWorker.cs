using System.Diagnostics;
using EGoat.Benchmarks.Processes;
using EGoat.WebRtc;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sockets;

namespace EGoat.Benchmarks.Workers;

/// <summary>
/// Bulk between two engines in one thread, without sockets: what the protocols themselves cost. Time is virtual, a
/// millisecond a step, and some datagrams are lost on purpose.
/// </summary>
internal sealed class EngineWorker : IDisposable
{
    private const long MaxBuffered = 1024 * 1024;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);
    private readonly Random _random = new(1);
    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();
    private readonly PeerConnection _a;
    private readonly PeerConnection _z;
    private readonly DataChannel _channel;
    private readonly double _lossShare;
    private DataChannel? _incoming;
    private TimeSpan _now = TimeSpan.FromSeconds(1);
    private long _datagrams;

    private EngineWorker(double lossShare, int maxPacket)
    {
        _a = CreatePeer("192.0.2.1", maxPacket);
        _z = CreatePeer("192.0.2.2", maxPacket);
        _channel = _a.CreateDataChannel(_now, "bulk");
        _a.AcceptAnswer(_now, _z.AcceptOffer(_now, _a.CreateOffer(_now)));
        while (_incoming is null)
        {
            Exchange();
        }

        _lossShare = lossShare;
    }

    public static void Run(int messageBytes, long warmUpBytes, long bytes, double lossPercent, int maxPacket)
    {
        using var worker = new EngineWorker(lossPercent / 100, maxPacket);
        byte[] message = new byte[messageBytes];
        worker.Transfer(message, warmUpBytes);
        worker._datagrams = 0;
        TimeSpan virtualBegin = worker._now;
        double cpuBefore = ProcessUsage.OfThis().CpuSeconds;
        long begin = Stopwatch.GetTimestamp();
        worker.Transfer(message, bytes);
        WorkerResult.Write(
            cpuBefore,
            ("seconds", Stopwatch.GetElapsedTime(begin).TotalSeconds),
            ("virtualSeconds", (worker._now - virtualBegin).TotalSeconds),
            ("datagramsPerMib", worker._datagrams / (bytes / (1024.0 * 1024))));
    }

    public void Dispose()
    {
        _a.Dispose();
        _z.Dispose();
        _certificate.Dispose();
    }

    private PeerConnection CreatePeer(string text, int maxPacket)
    {
        if (!TransportAddress.TryParse(text, 5000, out TransportAddress address))
        {
            throw new ArgumentException(text, nameof(text));
        }

        var options = new PeerConnectionOptions { Certificate = _certificate, MaxDatagramSize = maxPacket };
        options = OpenSslRecordCipher.IsSupported ? options with { CreateCipher = OpenSslRecordCipher.Create } : options;
        var peer = new PeerConnection(options, new PlatformEntropy());
        peer.AddLocalCandidate(_now, IceCandidate.CreateHost(address, address, 1));
        return peer;
    }

    private void Transfer(byte[] message, long bytes)
    {
        long sent = 0;
        for (long received = 0; received < bytes;)
        {
            for (; sent < bytes && _channel.BufferedAmount < MaxBuffered; sent += message.Length)
            {
                _channel.Send(_now, message, false);
            }

            Exchange();
            while (_incoming!.TryReceive(out DataChannelMessage taken))
            {
                received += taken.Length;
                taken.Return();
            }
        }
    }

    private void Exchange()
    {
        _now += Step;
        Move(_a, _z);
        Move(_z, _a);
        Handle(_a);
        Handle(_z);
    }

    private void Handle(PeerConnection peer)
    {
        if (peer.NextTimeout <= _now)
        {
            peer.HandleTimeout(_now);
        }

        while (peer.TryPollEvent(out PeerConnectionEvent e))
        {
            if (e.Type == PeerConnectionEventType.Channel && e.Channel.Type == DataChannelEventType.Incoming)
            {
                _incoming = e.Channel.Channel;
            }
        }
    }

    private void Move(PeerConnection from, PeerConnection to)
    {
        while (from.TryPollTransmit(_now, _buffer, out Transmit transmit))
        {
            for (int at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                _datagrams++;
                if (_lossShare == 0 || _random.NextDouble() >= _lossShare)
                {
                    to.HandleDatagram(_now, transmit.Remote, transmit.Local, _buffer.AsSpan(at, Math.Min(transmit.SegmentSize, transmit.Length - at)));
                }
            }
        }
    }
}
