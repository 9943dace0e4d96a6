using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Shutdown and abort (RFC 9260 section 9), in every state.</summary>
public sealed class SctpEndingTests
{
    private const string Orderly = "The association was shut down.";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(ChunkType.Shutdown)]
    [InlineData(ChunkType.ShutdownAck)]
    [InlineData(ChunkType.ShutdownComplete)]
    internal void Shutdown_completes_when_one_of_its_chunks_is_lost(ChunkType lost)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        tap.Lose = c => c.Type == lost && tap.Sent.Count(s => s.Type == lost) <= 2;
        A.Association.Shutdown(network.Now);
        Assert.True(network.Run(() => AreClosed(A, Z), TimeSpan.FromSeconds(5)), network.Describe());
        AssertOrderly(A, Z);
        Assert.Null(A.Association.NextTimeout);
        Assert.Null(Z.Association.NextTimeout);
    }

    [Fact]
    public void Both_sides_may_shut_down_at_once()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, _) = Connect();
        A.Association.Shutdown(network.Now);
        Z.Association.Shutdown(network.Now);
        Assert.True(network.Run(() => AreClosed(A, Z), TimeSpan.FromSeconds(1)), network.Describe());
        AssertOrderly(A, Z);
    }

    [Theory]
    [InlineData(ChunkType.Shutdown)]
    [InlineData(ChunkType.ShutdownAck)]
    internal void A_shutdown_that_is_not_answered_ends_at_the_limit_of_T2(ChunkType unanswered)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        tap.Lose = c => c.Type > unanswered && c.Type != ChunkType.Abort;
        SctpPeer waiting = unanswered == ChunkType.Shutdown ? A : Z;
        A.Association.Shutdown(network.Now);
        Assert.True(network.Run(() => waiting.Association.State == SctpState.Closed, Limit), network.Describe());
        Assert.NotEqual(Orderly, waiting.Association.EndReason);
        Assert.True(tap.Sent.Count(c => c.Type == unanswered) >= new SctpOptions().MaxRetransmits + 1);
    }

    [Fact]
    public void Whatever_the_peer_has_queued_is_delivered_however_long_it_takes()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, _) = Connect();
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Conditions = NetworkConditions.Perfect with { RateBytesPerSecond = 10_000 };
        for (int i = 0; i < 150; i++)
        {
            Z.Incoming[0].Send(network.Now, new byte[10_000], false);
        }

        A.Association.Shutdown(network.Now);
        int received = 0;
        Assert.True(
            network.Run(
                () =>
                {
                    while (a.TryReceive(out DataChannelMessage message))
                    {
                        message.Return();
                        received++;
                    }

                    return AreClosed(A, Z);
                },
                TimeSpan.FromMinutes(5)),
            network.Describe());
        AssertOrderly(A, Z);
        Assert.Equal(150, received);
    }

    [Fact]
    public void Shutdown_completes_when_the_last_queued_messages_expire()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = A.Channels.Create(network.Now, "x", new() { MaxPacketLifeTime = 100 });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        tap.Lose = _ => true;
        for (int i = 0; i < 100; i++)
        {
            a.Send(network.Now, new byte[1000], false);
        }

        A.Association.Shutdown(network.Now);
        network.Run(TimeSpan.FromSeconds(5));
        tap.Lose = null;
        Assert.True(network.Run(() => AreClosed(A, Z), TimeSpan.FromSeconds(10)), network.Describe());
        AssertOrderly(A, Z);
    }

    [Fact]
    public void Channels_are_closing_while_the_peer_shuts_down_and_closed_afterwards()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        tap.Lose = c => c.Type == ChunkType.ShutdownAck;
        A.Association.Shutdown(network.Now);
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(SctpState.ShutdownAckSent, Z.Association.State);
        Assert.Equal(DataChannelState.Closing, Z.Incoming[0].ReadyState);
        Assert.Throws<InvalidOperationException>(() => Z.Incoming[0].Send(network.Now, [1], false));
        tap.Lose = null;
        Assert.True(network.Run(() => AreClosed(A, Z), Limit), network.Describe());
        Assert.Equal(DataChannelState.Closed, Z.Incoming[0].ReadyState);
    }

    [Theory]
    [InlineData(SctpState.CookieWait)]
    [InlineData(SctpState.CookieEchoed)]
    [InlineData(SctpState.Established)]
    [InlineData(SctpState.ShutdownPending)]
    [InlineData(SctpState.ShutdownSent)]
    [InlineData(SctpState.ShutdownReceived)]
    [InlineData(SctpState.ShutdownAckSent)]
    internal void An_ABORT_ends_every_state(SctpState state)
    {
        (SimulatedNetwork network, SctpPeer A, _, PacketTap tap) = Bring(state);
        tap.Inject(A, ChunkType.Abort, 0, 0, 12, 0, 7, (byte)'B', (byte)'y', (byte)'e', 0);
        Assert.Equal(SctpState.Closed, A.Association.State);
        Assert.Contains("Bye", A.Association.EndReason, StringComparison.Ordinal);
        Assert.Null(A.Association.NextTimeout);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(SctpState.Closed, A.Association.State);
    }

    [Theory]
    [InlineData(SctpState.CookieEchoed)]
    [InlineData(SctpState.Established)]
    [InlineData(SctpState.ShutdownPending)]
    [InlineData(SctpState.ShutdownSent)]
    [InlineData(SctpState.ShutdownReceived)]
    [InlineData(SctpState.ShutdownAckSent)]
    internal void Abort_in_every_state_tells_the_peer(SctpState state)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Bring(state);
        A.Association.Abort("Enough.");
        Assert.Equal(SctpState.Closed, A.Association.State);
        Assert.Null(A.Association.NextTimeout);
        Assert.True(network.Run(() => Z.Association.State == SctpState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Contains("Enough.", Z.Association.EndReason, StringComparison.Ordinal);
        A.Association.Abort("Again.");
        Assert.Equal(1, tap.Count(true, ChunkType.Abort));
    }

    [Theory]
    [InlineData(SctpState.CookieWait)]
    [InlineData(SctpState.CookieEchoed)]
    [InlineData(SctpState.Established)]
    [InlineData(SctpState.ShutdownPending)]
    [InlineData(SctpState.ShutdownSent)]
    [InlineData(SctpState.ShutdownReceived)]
    [InlineData(SctpState.ShutdownAckSent)]
    internal void Shutdown_in_every_state_ends_both_sides(SctpState state)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Bring(state);
        A.Association.Shutdown(network.Now);
        tap.Lose = null;
        Assert.True(network.Run(() => AreClosed(A, Z), Limit), network.Describe());
        A.Association.Shutdown(network.Now);
        Assert.Equal(SctpState.Closed, A.Association.State);
    }

    [Fact]
    public void A_peer_that_missed_the_ABORT_hears_of_it_at_its_next_packet()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel z = Z.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => A.Incoming.Count == 1, Limit));
        tap.Lose = _ => true;
        A.Association.Abort("Enough.");
        network.Run(TimeSpan.FromSeconds(1));
        tap.Lose = null;
        z.Send(network.Now, [1], false);
        Assert.True(network.Run(() => Z.Association.State == SctpState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
    }

    [Fact]
    public void An_association_that_has_ended_answers_neither_ABORT_nor_SHUTDOWN_COMPLETE()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        A.Association.Abort("Enough.");
        network.Run(TimeSpan.FromSeconds(1));
        int before = tap.Sent.Count;
        foreach (SctpPeer peer in (SctpPeer[])[A, Z])
        {
            tap.Inject(peer, ChunkType.Abort, 0);
            tap.Inject(peer, ChunkType.ShutdownComplete, 0);
            tap.Inject(peer, ChunkType.CookieAck, 0);
        }

        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(before, tap.Sent.Count);
    }

    [Fact]
    public void A_SHUTDOWN_alone_acknowledges_what_has_arrived()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Lose = c => c is { Type: ChunkType.Sack, IsFromA: false };
        a.Send(network.Now, new byte[5000], false);
        Z.Association.Shutdown(network.Now);
        Assert.True(network.Run(() => AreClosed(A, Z), TimeSpan.FromMilliseconds(100)), network.Describe());
        AssertOrderly(A, Z);
        Assert.True(Z.Incoming[0].HasMessage);
        Assert.Equal(0, A.Association.Retransmissions);
    }

    [Fact]
    public void An_association_that_has_ended_awaits_nothing()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        DataChannel closing = A.Channels.Create(network.Now, "y", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 2, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        uint first = tap.Data().Max(d => d.Tsn) + 1;
        tap.Lose = c => c.IsFromA;
        a.Send(network.Now, new byte[3000], false);
        closing.Close();
        network.Run(TimeSpan.FromMilliseconds(1));

        // One chunk of three has arrived out of order: the others wait for the reordering timer.
        tap.Inject(A, ChunkType.Sack, 0, PacketTap.Words(first - 1, 1 << 20, 1 << 16, (2 << 16) | 2));
        Assert.NotNull(A.Association.NextTimeout);
        A.Association.Abort("Enough.");
        Assert.Null(A.Association.NextTimeout);
        network.Run(TimeSpan.FromSeconds(1));
        int before = tap.Sent.Count;
        A.Association.HandleTimeout(network.Now + TimeSpan.FromHours(1));
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(before, tap.Sent.Count);
    }

    [Theory]
    [InlineData(SctpState.CookieWait, true)]
    [InlineData(SctpState.CookieEchoed, true)]
    [InlineData(SctpState.Established, false)]
    internal void A_SHUTDOWN_ACK_for_an_association_before_this_one_is_answered_under_its_tag(SctpState state, bool isAnswered)
    {
        (SimulatedNetwork network, SctpPeer A, _, PacketTap tap) = Bring(state);
        A.HandleDatagram(network.Now, default, default, PacketTap.Create(0xDEADBEEF, ChunkType.ShutdownAck, 0, []));
        tap.Lose = _ => true;
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(state, A.Association.State);
        Assert.Equal(isAnswered ? 1 : 0, tap.Sent.Count(c => c is { Type: ChunkType.ShutdownComplete, IsFromA: true, Flags: 1 }));
    }

    [Fact]
    public void A_peer_that_restarts_while_the_association_ends_is_told_to_let_it_end()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        var restarted = new SctpAssociation(new SctpOptions(), new SeededEntropy(99));
        restarted.Connect(network.Now);
        byte[] init = Poll(restarted, network.Now);
        Z.HandleDatagram(network.Now, default, default, init);
        network.Run(TimeSpan.FromMilliseconds(10));
        byte[] initAck = tap.Sent.Last(c => c.Type == ChunkType.InitAck).Value;
        restarted.HandlePacket(network.Now, PacketTap.Create(BinaryPrimitives.ReadUInt32BigEndian(init.AsSpan(16)), ChunkType.InitAck, 0, initAck));
        tap.Lose = c => c.Type == ChunkType.ShutdownAck;
        A.Association.Shutdown(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(SctpState.ShutdownAckSent, Z.Association.State);
        tap.Sent.Clear();
        Z.HandleDatagram(network.Now, default, default, Poll(restarted, network.Now));
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal(SctpState.ShutdownAckSent, Z.Association.State);
        Assert.Equal(1, tap.Count(false, ChunkType.ShutdownAck));
        Assert.Equal([0, 10, 0, 4], tap.Sent.Single(c => c is { Type: ChunkType.Error, IsFromA: false }).Value);
    }

    [Fact]
    public void A_peer_that_restarts_is_told_that_the_association_has_failed()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Detach();
        var restarted = new SctpPeer(network, true, 99);
        restarted.Association.Connect(network.Now);
        Assert.True(network.Run(() => restarted.Association.State == SctpState.Closed && Z.Association.State == SctpState.Closed, TimeSpan.FromSeconds(5)), network.Describe());
        Assert.Contains("restarted", Z.Association.EndReason, StringComparison.Ordinal);
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        network.Run(TimeSpan.FromSeconds(1));
        return (network, A, Z, tap);
    }

    // A in the given state, and what keeps it there.
    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Bring(SctpState state)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        if (state is SctpState.CookieWait or SctpState.CookieEchoed)
        {
            (SctpPeer opening, SctpPeer peer) = SctpPeer.CreatePair(network);
            tap.Lose = c => c.Type == (state == SctpState.CookieWait ? ChunkType.InitAck : ChunkType.CookieAck);
            opening.Association.Connect(network.Now);
            network.Run(TimeSpan.FromMilliseconds(20));
            Assert.Equal(state, opening.Association.State);
            return (network, opening, peer, tap);
        }

        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        switch (state)
        {
            case SctpState.ShutdownPending:
                tap.Lose = c => c.IsData && c.IsFromA;
                A.Association.Send(network.Now, 0, 53, (byte[])[1]);
                A.Association.Shutdown(network.Now);
                break;
            case SctpState.ShutdownSent:
                tap.Lose = c => c.Type == ChunkType.Shutdown;
                A.Association.Shutdown(network.Now);
                break;
            case SctpState.ShutdownReceived:
                tap.Lose = c => c.IsData && c.IsFromA;
                A.Association.Send(network.Now, 0, 53, (byte[])[1]);
                Z.Association.Shutdown(network.Now);
                break;
            case SctpState.ShutdownAckSent:
                tap.Lose = c => c.Type == ChunkType.ShutdownAck;
                Z.Association.Shutdown(network.Now);
                break;
            default:
                break;
        }

        network.Run(TimeSpan.FromMilliseconds(20));
        Assert.Equal(state, A.Association.State);
        return (network, A, Z, tap);
    }

    private static byte[] Poll(SctpAssociation association, TimeSpan now)
    {
        var buffer = new byte[2000];
        Assert.True(association.TryPollPacket(now, buffer, out int length));
        return buffer[..length];
    }

    private static void AssertOrderly(SctpPeer A, SctpPeer Z)
    {
        Assert.Equal(Orderly, A.Association.EndReason);
        Assert.Equal(Orderly, Z.Association.EndReason);
    }

    private static bool AreClosed(SctpPeer A, SctpPeer Z) => A.Association.State == SctpState.Closed && Z.Association.State == SctpState.Closed;
}
