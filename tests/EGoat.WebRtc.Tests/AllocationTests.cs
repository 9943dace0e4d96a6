using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.Tests;

/// <summary>Alone, since other tests would take buffers out of the shared pool.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int MessageLength = 64 * 1024;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly byte[] _message = new byte[MessageLength];
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    [Fact]
    public void Sending_and_receiving_allocate_nothing_per_packet_once_warm()
    {
        TransportAddress addressA = Parse("192.0.2.1");
        TransportAddress addressZ = Parse("192.0.2.2");
        using PeerConnection a = Create(1, DtlsPeer.CertificateA, addressA);
        using PeerConnection z = Create(2, DtlsPeer.CertificateZ, addressZ);
        DataChannel channel = a.CreateDataChannel(_now, "bulk");
        a.AcceptAnswer(_now, z.AcceptOffer(_now, a.CreateOffer(_now)));
        DataChannel? incoming = null;
        while (incoming is null)
        {
            Exchange(a, z, ref incoming);
        }

        Transfer(a, z, channel, incoming, 2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int count = 1000;
        Transfer(a, z, channel, incoming, count);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        const int packets = count * (MessageLength / 1132);

        // An object has at least 24 bytes: fewer than 8 a packet come from what happens once a message.
        Assert.True(allocated < 8 * packets, $"{allocated} bytes were allocated for {packets} packets.");
    }

    private static TransportAddress Parse(string text)
    {
        Assert.True(TransportAddress.TryParse(text, 5000, out TransportAddress address));
        return address;
    }

    private PeerConnection Create(int seed, WebRtc.Dtls.DtlsCertificate certificate, TransportAddress address)
    {
        var connection = new PeerConnection(new PeerConnectionOptions { Certificate = certificate, MaxDatagramSize = 1200 }, new SeededEntropy(seed));
        connection.AddLocalCandidate(_now, IceCandidate.CreateHost(address, address, 1));
        return connection;
    }

    private void Transfer(PeerConnection a, PeerConnection z, DataChannel channel, DataChannel incoming, int count)
    {
        int sent = 0;
        DataChannel? ignored = incoming;
        for (int received = 0; received < count;)
        {
            while (sent < count && channel.BufferedAmount < 256 * 1024)
            {
                channel.Send(_now, _message, false);
                sent++;
            }

            Exchange(a, z, ref ignored);
            while (incoming.TryReceive(out DataChannelMessage message))
            {
                Assert.Equal(MessageLength, message.Length);
                message.Return();
                received++;
            }
        }
    }

    // A millisecond: what each has to send reaches the other.
    private void Exchange(PeerConnection a, PeerConnection z, ref DataChannel? incoming)
    {
        _now += TimeSpan.FromMilliseconds(1);
        Move(a, z);
        Move(z, a);
        foreach (PeerConnection connection in (ReadOnlySpan<PeerConnection>)[a, z])
        {
            if (connection.NextTimeout <= _now)
            {
                connection.HandleTimeout(_now);
            }

            while (connection.TryPollEvent(out PeerConnectionEvent e))
            {
                incoming = e.Channel.Type == DataChannelEventType.Incoming && e.Type == PeerConnectionEventType.Channel ? e.Channel.Channel : incoming;
            }
        }
    }

    private void Move(PeerConnection from, PeerConnection to)
    {
        while (from.TryPollTransmit(_now, _buffer, out Transmit transmit))
        {
            for (int at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                to.HandleDatagram(_now, transmit.Remote, transmit.Local, _buffer.AsSpan(at, Math.Min(transmit.SegmentSize, transmit.Length - at)));
            }
        }
    }
}
