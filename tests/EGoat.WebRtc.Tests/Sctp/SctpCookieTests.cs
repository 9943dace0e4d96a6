using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Repeated, stolen and useless handshake chunks (RFC 9260 sections 5.1 and 5.2), and zero checksums (RFC 9653).</summary>
public sealed class SctpCookieTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_cookie_is_of_no_use_under_another_tag()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.CookieEcho };
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        byte[] cookie = tap.Sent.First(c => c.Type == ChunkType.CookieEcho).Value;
        long before = Z.Association.DroppedPackets;
        Z.HandleDatagram(network.Now, default, default, PacketTap.Create(0xDEADBEEF, ChunkType.CookieEcho, 0, cookie));
        Assert.Equal(SctpState.Closed, Z.Association.State);
        Assert.Equal(before + 1, Z.Association.DroppedPackets);
    }

    [Fact]
    public void A_cookie_of_another_association_does_not_disturb_this_one()
    {
        var other = new SimulatedNetwork(2);
        var otherTap = new PacketTap(other);
        SctpPeer.Connect(other, 2);
        byte[] stolen = otherTap.Sent.First(c => c.Type == ChunkType.CookieEcho).Value;
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        tap.Inject(Z, ChunkType.CookieEcho, 0, stolen);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.True(SctpPeer.AreEstablished(A, Z));
    }

    [Fact]
    public void A_repeated_COOKIE_ECHO_is_acknowledged_again_and_changes_nothing()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), Limit));
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromMinutes(2)); // longer than the cookie lives
        tap.Inject(Z, ChunkType.CookieEcho, 0, tap.Sent.First(c => c.Type == ChunkType.CookieEcho).Value);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(2, tap.Count(false, ChunkType.CookieAck));
        a.Send(network.Now, [1], false);
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(5u, 0)]
    public void An_INIT_under_a_tag_is_dropped(uint tag, int answers)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (_, SctpPeer Z) = SctpPeer.CreatePair(network);
        Z.HandleDatagram(network.Now, default, default, PacketTap.Create(tag, ChunkType.Init, 0, PacketTap.Words(7, 1 << 20, (9 << 16) | 9, 1)));
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(answers, tap.Sent.Count);
    }

    [Fact]
    public void A_repeated_INIT_says_the_same_and_either_INIT_ACK_may_be_taken()
    {
        foreach (int taken in (int[])[0, 1])
        {
            var network = new SimulatedNetwork(1);
            var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.InitAck };
            (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
            A.Association.Connect(network.Now);
            network.Run(TimeSpan.FromSeconds(1));
            SentChunk[] inits = [.. tap.Sent.Where(c => c.Type == ChunkType.Init)];
            SentChunk[] answers = [.. tap.Sent.Where(c => c.Type == ChunkType.InitAck)];
            Assert.Equal(inits[0].Value, inits[1].Value);
            Assert.NotEqual(answers[0].Value, answers[1].Value);
            tap.Inject(A, ChunkType.InitAck, 0, answers[taken].Value);
            Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), TimeSpan.FromMilliseconds(10)), network.Describe());
        }
    }

    [Fact]
    public void An_INIT_ACK_without_a_cookie_is_dropped()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.InitAck };
        (SctpPeer A, _) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        tap.Inject(A, ChunkType.InitAck, 0, PacketTap.Words(7, 1 << 20, (9 << 16) | 9, 1));
        Assert.Equal(SctpState.CookieWait, A.Association.State);
    }

    [Fact]
    public void The_limit_of_T1_also_holds_for_COOKIE_ECHO()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.CookieEcho };
        (SctpPeer A, _) = SctpPeer.CreatePair(network);
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => A.Association.EndReason is not null, Limit));
        Assert.Equal(new SctpOptions().MaxInitRetransmits + 1, tap.Count(true, ChunkType.CookieEcho));
    }

    [Fact]
    public void Data_waits_for_COOKIE_ACK_and_goes_at_once_then()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network) { Lose = c => c.Type == ChunkType.CookieAck };
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network);
        A.Channels.Create(network.Now, "x", new());
        A.Association.Connect(network.Now);
        network.Run(TimeSpan.FromMilliseconds(300));
        Assert.Empty(tap.Data());
        tap.Lose = null;
        Assert.True(network.Run(() => Z.Incoming.Count == 1, TimeSpan.FromMilliseconds(300)), network.Describe());
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Checksums_are_zero_only_where_both_agreed_and_never_in_the_handshake(bool isAnnouncedByA, bool isAnnouncedByZ)
    {
        var network = new SimulatedNetwork(1);
        var zero = new List<ChunkType>();
        var right = new List<ChunkType>();
        network.Filter = datagram =>
        {
            (BitConverter.ToUInt32(datagram.Bytes, SctpPacket.ChecksumOffset) == 0 ? zero : right).Add(SctpPeer.FirstChunk(datagram));
            return true;
        };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, new SctpOptions { EnableZeroChecksum = isAnnouncedByA }, new SctpOptions { EnableZeroChecksum = isAnnouncedByZ });
        A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Contains(ChunkType.Init, right);
        Assert.Contains(ChunkType.CookieEcho, right);
        Assert.DoesNotContain(zero, t => t is ChunkType.Init or ChunkType.CookieEcho);
        Assert.Equal(isAnnouncedByA && isAnnouncedByZ, zero.Contains(ChunkType.IData));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_INIT_ACK_announces_zero_checksums_only_to_a_peer_that_did(bool isAnnounced)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.CreatePair(network, a: new SctpOptions { EnableZeroChecksum = isAnnounced });
        A.Association.Connect(network.Now);
        Assert.True(network.Run(() => SctpPeer.AreEstablished(A, Z), Limit), network.Describe());
        Assert.True(InitChunk.TryParse(tap.Sent.Single(c => c.Type == ChunkType.InitAck).Value, out InitChunk initAck));
        Capabilities expected = Capabilities.PartialReliability | Capabilities.StreamReset | Capabilities.Padding | Capabilities.MessageInterleaving;
        Assert.Equal(isAnnounced ? expected | Capabilities.ZeroChecksum : expected, initAck.Capabilities);
    }

    [Fact]
    public void A_zero_checksum_that_was_not_agreed_and_a_wrong_one_are_dropped()
    {
        foreach (bool isZeroAgreed in (bool[])[true, false])
        {
            var network = new SimulatedNetwork(1);
            var options = new SctpOptions { EnableZeroChecksum = isZeroAgreed };
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
            network.Filter = datagram =>
            {
                BitConverter.TryWriteBytes(datagram.Bytes.AsSpan(SctpPacket.ChecksumOffset), isZeroAgreed ? 1u : 0u);
                return true;
            };
            A.Channels.Create(network.Now, "x", new());
            network.Run(TimeSpan.FromSeconds(3));
            Assert.Empty(Z.Incoming);
            Assert.True(Z.Association.DroppedPackets > 0);
        }
    }
}
