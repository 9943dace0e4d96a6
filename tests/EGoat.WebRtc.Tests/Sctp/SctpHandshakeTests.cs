using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

public sealed class SctpHandshakeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public void One_side_connects_in_two_round_trips()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), TimeSpan.FromMilliseconds(5)), network.Describe());
        Assert.True(A.Association.IsInterleaved);
    }

    [Fact]
    public void Both_sides_connect_at_once()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        Assert.True(network.Now < TimeSpan.FromSeconds(1.01), network.Describe());
        network.Run(TimeSpan.FromSeconds(5));
        Assert.True(SctpPeer.AreEstablished(A, Z), network.Describe());
    }

    [Theory]
    [InlineData(ChunkType.Init)]
    [InlineData(ChunkType.InitAck)]
    [InlineData(ChunkType.CookieEcho)]
    [InlineData(ChunkType.CookieAck)]
    internal void A_lost_handshake_chunk_is_sent_again(ChunkType lost)
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        int dropped = 0;
        network.Filter = datagram => SctpPeer.FirstChunk(datagram) != lost || ++dropped > 2;
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), Limit), network.Describe());
        Assert.True(dropped > 2);
    }

    [Fact]
    public void It_connects_over_a_terrible_network()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            SctpPeer.Connect(network, seed);
        }
    }

    [Fact]
    public void A_peer_that_never_answers_is_given_up()
    {
        var network = new SimulatedNetwork(1) { Filter = _ => false };
        (SctpPeer A, _) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => A.Association.EndReason is not null, TimeSpan.FromMinutes(2)), network.Describe());
        Assert.Equal(new SctpOptions().MaxInitRetransmits + 1, network.Count.Sent);
        Assert.Null(A.Association.NextTimeout);
    }

    [Fact]
    public void The_pauses_of_T1_double_up_to_the_longest()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = _ => true };
        (SctpPeer A, _) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromSeconds(10));
        TimeSpan[] at = [.. tap.Sent.Select(c => c.At)];
        Assert.Equal([0.5, 1, 2, 3, 3], at.Zip(at.Skip(1), (earlier, later) => (later - earlier).TotalSeconds));
    }

    [Fact]
    public void A_forged_cookie_is_refused()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        network.Filter = datagram =>
        {
            if (SctpPeer.FirstChunk(datagram) == ChunkType.CookieEcho)
            {
                datagram.Bytes[SctpPacket.HeaderLength + 10] ^= 1;
                SctpPacket.WriteHeader(datagram.Bytes, 5000, 5000, SctpPacket.ReadVerificationTag(datagram.Bytes));
                SctpPacket.WriteChecksum(datagram.Bytes);
            }

            return true;
        };
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(SctpState.Closed, Z.Association.State);
        Assert.True(Z.Association.DroppedPackets > 0);
    }

    [Fact]
    public void A_cookie_that_took_too_long_begins_the_handshake_again()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network, z: new SctpOptions { CookieLifetime = TimeSpan.FromSeconds(2) });
        TimeSpan healed = network.Now + TimeSpan.FromSeconds(4);
        network.Filter = datagram => SctpPeer.FirstChunk(datagram) != ChunkType.CookieEcho || datagram.Now > healed;
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), Limit), network.Describe());
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(1, false)]
    public void A_cookie_is_taken_as_long_as_it_lives_and_no_longer(int millisecondsBeyond, bool isTaken)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.CookieEcho };
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        SentChunk initAck = tap.Sent.Single(c => c.Type == ChunkType.InitAck);
        SentChunk echo = tap.Sent.First(c => c.Type == ChunkType.CookieEcho);
        uint tag = BinaryPrimitives.ReadUInt32BigEndian(initAck.Value);
        TimeSpan when = initAck.At + new SctpOptions().CookieLifetime + TimeSpan.FromMilliseconds(millisecondsBeyond);
        Z.HandleDatagram(when, default, default, PacketTap.Create(tag, ChunkType.CookieEcho, 0, echo.Value));
        Assert.Equal(isTaken ? SctpState.Established : SctpState.Closed, Z.Association.State);
        var answer = new byte[2000];
        Assert.True(Z.Association.TryPollPacket(when, answer, out int length));
        byte[] expected = isTaken ? [(byte)ChunkType.CookieAck, 0, 0, 4] : [(byte)ChunkType.Error, 0, 0, 12, 0, 3, 0, 8, .. PacketTap.Words(1000)]; // the staleness in microseconds
        Assert.Equal(expected, answer[SctpPacket.HeaderLength..length]);
    }

    [Fact]
    public void Extensions_are_used_only_when_both_announce_them()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, z: new SctpOptions { EnableInterleaving = false, EnableZeroChecksum = false });
        Assert.False(A.Association.IsInterleaved);
        Assert.False(Z.Association.IsInterleaved);
        bool hasZero = false;
        network.Filter = datagram =>
        {
            hasZero |= BitConverter.ToUInt32(datagram.Bytes, SctpPacket.ChecksumOffset) == 0;
            return true;
        };
        A.Channels.Create(network.Now, "x", new());
        network.Run(TimeSpan.FromSeconds(1));
        Assert.False(hasZero);
        Assert.Single(Z.Incoming);
    }
}
