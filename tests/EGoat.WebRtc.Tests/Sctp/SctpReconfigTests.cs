using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Stream reconfiguration (RFC 6525).</summary>
public sealed class SctpReconfigTests
{
    private const uint Performed = 1;
    private const uint Denied = 2;
    private const uint BadSequenceNumber = 5;
    private const uint InProgress = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_request_or_response_is_made_up_for(bool isRequestLost)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        int lost = 0;
        tap.Lose = c => c.Type == ChunkType.ReConfig && c.IsFromA == isRequestLost && ++lost <= 3;
        a.Close();
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
        Assert.True(lost > 3);
        Assert.Single(Requests(tap, true).Select(r => r.Number).Distinct());
        Assert.Single(Requests(tap, false).Select(r => r.Number).Distinct());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reset_waits_for_data_that_is_still_missing(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { EnableInterleaving = isInterleaved });
        DataChannel a = Open(network, A, Z);
        tap.Lose = c => c.IsData && c.IsFromA;
        a.Send(network.Now, "late"u8, true);
        a.Close();
        network.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(DataChannelState.Open, Z.Incoming[0].ReadyState);
        Assert.All(Responses(tap, false), r => Assert.Equal(InProgress, r.Result));
        tap.Lose = null;
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
        Assert.True(Z.Incoming[0].HasMessage);
        Assert.Equal(Performed, Responses(tap, false).Last().Result);
    }

    [Fact]
    public void Requests_go_one_at_a_time_and_name_many_streams()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel[] channels = [.. Enumerable.Range(0, 600).Select(i => A.Channels.Create(network.Now, $"{i}", new()))];
        Assert.True(network.Run(() => Z.Incoming.Count == 600, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        Array.ForEach(channels, c => c.Close());
        Assert.True(network.Run(() => channels.All(c => c.ReadyState == DataChannelState.Closed) && Z.Incoming.All(c => c.ReadyState == DataChannelState.Closed), Limit), network.Describe());
        Assert.InRange(Requests(tap, true).Count(), 3, 6);
        Assert.Equal(600, Requests(tap, true).Sum(r => r.StreamCount));
    }

    [Fact]
    public void Requests_responses_and_SACKs_fit_the_smallest_packets_together()
    {
        var options = new SctpOptions { MaxPacketSize = 512 };
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(options);
        DataChannel unordered = A.Channels.Create(network.Now, "unordered", new() { Ordered = false });
        DataChannel[] channels = [.. Enumerable.Range(0, 600).Select(i => A.Channels.Create(network.Now, $"{i}", new() { MaxRetransmits = 0 }))];
        Assert.True(network.Run(() => Z.Incoming.Count == 601, Limit));
        network.Run(TimeSpan.FromSeconds(1));

        // Every second packet is lost for a while: SACKs are full of gap blocks, FORWARD-TSNs of streams.
        int packets = 0;
        tap.Lose = c => c.IsData && c.IsFromA && c.PayloadLength > 300 && ++packets % 2 == 1;
        for (int i = 0; i < 600; i++)
        {
            unordered.Send(network.Now, new byte[400], false);
            channels[i].Send(network.Now, new byte[400], false);
            channels[i].Close();
            Z.Incoming[1 + i].Close();
        }

        network.Run(TimeSpan.FromSeconds(2));
        tap.Lose = null;
        Assert.True(network.Run(() => channels.All(c => c.ReadyState == DataChannelState.Closed) && Z.Incoming.Skip(1).All(c => c.ReadyState == DataChannelState.Closed), Limit), network.Describe());
        Assert.True(network.Run(() => A.Association.FlightSize == 0, Limit));
        Assert.True(SctpPeer.AreEstablished(A, Z));
    }

    [Fact]
    public void A_reset_stream_begins_at_zero_and_others_go_on()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { EnableInterleaving = false });
        DataChannel reset = Open(network, A, Z);
        DataChannel other = A.Channels.Create(network.Now, "other", new());
        for (int i = 0; i < 5; i++)
        {
            reset.Send(network.Now, [1], false);
            other.Send(network.Now, [1], false);
        }

        reset.Close();
        Assert.True(network.Run(() => reset.ReadyState == DataChannelState.Closed, Limit));
        A.Channels.Create(network.Now, "again", new());
        other.Send(network.Now, [1], false);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 1, 2, 3, 4, 5, 0], Numbers(tap, 0));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], Numbers(tap, 2));
        Assert.Equal(3, Z.Incoming.Count);
    }

    [Theory]
    [InlineData(ParameterType.SsnTsnResetRequest)]
    [InlineData(ParameterType.AddOutgoingStreamsRequest)]
    [InlineData(ParameterType.AddIncomingStreamsRequest)]
    internal void Other_requests_are_denied(ParameterType type)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        uint number = NextRequestOf(A, network, tap);
        tap.Inject(Z, ChunkType.ReConfig, 0, [.. Parameter(type, PacketTap.Words(number, 1 << 16))]);
        network.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal([(number, Denied)], Responses(tap, false));
        Assert.True(SctpPeer.AreEstablished(A, Z));
    }

    [Fact]
    public void A_request_is_carried_out_once_and_answered_each_time()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        uint number = NextRequestOf(A, network, tap);
        uint lastTsn = tap.Data().Last().Tsn;
        tap.Lose = c => c.Type == ChunkType.ReConfig;
        byte[] request = [.. Parameter(ParameterType.OutgoingSsnResetRequest, [.. PacketTap.Words(number, 0, lastTsn), 0, 0])];
        for (int i = 0; i < 3; i++)
        {
            tap.Inject(Z, ChunkType.ReConfig, 0, request);
            network.Run(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal([(number, Performed), (number, Performed), (number, Performed)], Responses(tap, false));
        Assert.Single(Requests(tap, false).Select(r => r.Number).Distinct());
    }

    [Fact]
    public void A_request_that_comes_late_once_more_does_not_close_the_next_channel_of_its_stream()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        a.Close();
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
        byte[] request = tap.Sent.First(c => c is { Type: ChunkType.ReConfig, IsFromA: true }).Value;
        DataChannel again = A.Channels.Create(network.Now, "again", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 2, Limit));
        Assert.Equal(0, again.Id);
        tap.Inject(Z, ChunkType.ReConfig, 0, request);
        again.Send(network.Now, "still here"u8, true);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((DataChannelState.Open, DataChannelState.Open, true), (again.ReadyState, Z.Incoming[1].ReadyState, Z.Incoming[1].HasMessage));
        Assert.Equal(Performed, Responses(tap, false).Last().Result);
    }

    [Fact]
    public void A_request_out_of_turn_is_refused()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        uint number = NextRequestOf(A, network, tap);
        foreach (uint wrong in (uint[])[number + 1, number + 1000, number - 2])
        {
            tap.Inject(Z, ChunkType.ReConfig, 0, [.. Parameter(ParameterType.OutgoingSsnResetRequest, [.. PacketTap.Words(wrong, 0, 0), 0, 0])]);
            network.Run(TimeSpan.FromMilliseconds(10));
            Assert.Equal((wrong, BadSequenceNumber), Responses(tap, false).Last());
        }

        Assert.Equal(DataChannelState.Open, Z.Incoming[0].ReadyState);
    }

    [Fact]
    public void A_peer_may_ask_for_a_reset_of_what_it_receives()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        uint number = NextRequestOf(A, network, tap);
        tap.Inject(Z, ChunkType.ReConfig, 0, [.. Parameter(ParameterType.IncomingSsnResetRequest, [.. PacketTap.Words(number), 0, 0])]);
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closing, Limit), network.Describe());
        Assert.Equal((number, Performed), Responses(tap, false).First());
        Assert.Single(Requests(tap, false));
    }

    [Fact]
    public void A_peer_may_not_ask_for_a_reset_of_everything()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        uint number = NextRequestOf(A, network, tap);
        tap.Inject(Z, ChunkType.ReConfig, 0, [.. Parameter(ParameterType.IncomingSsnResetRequest, PacketTap.Words(number))]);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([(number, Denied)], Responses(tap, false));
        Assert.Empty(Requests(tap, false));
        Assert.All(Z.Incoming, z => Assert.Equal(DataChannelState.Open, z.ReadyState));
    }

    [Fact]
    public void A_denied_reset_closes_the_channel_all_the_same()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        tap.Lose = c => c.Type == ChunkType.ReConfig;
        a.Close();
        network.Run(TimeSpan.FromMilliseconds(10));
        tap.Inject(A, ChunkType.ReConfig, 0, [.. Parameter(ParameterType.ReConfigurationResponse, PacketTap.Words(Requests(tap, true).Single().Number, Denied))]);
        Assert.Equal(DataChannelState.Closed, a.ReadyState);
        Assert.Null(A.Association.EndReason);
    }

    [Fact]
    public void A_peer_that_never_answers_a_request_is_given_up_after_growing_pauses()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { MaxRetransmits = 4, HeartbeatInterval = TimeSpan.FromHours(1) });
        DataChannel a = Open(network, A, Z);
        tap.Lose = c => c is { Type: ChunkType.ReConfig, IsFromA: true };
        a.Close();
        Assert.True(network.Run(() => A.Association.State == SctpState.Closed, Limit), network.Describe());
        TimeSpan[] at = [.. tap.Sent.Where(c => c is { Type: ChunkType.ReConfig, IsFromA: true }).Select(c => c.At)];
        Assert.Equal(1 + 4, at.Length);
        TimeSpan[] pauses = [.. at.Zip(at.Skip(1), (earlier, later) => later - earlier)];
        Assert.True(pauses.SequenceEqual(pauses.Order()) && pauses[^1] > 3 * pauses[0], string.Join(' ', pauses));
    }

    [Fact]
    public void A_peer_that_waits_for_data_is_asked_for_as_long_as_it_takes()
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, new SctpOptions { MaxRetransmits = 4, HeartbeatInterval = TimeSpan.FromHours(1) });
        DataChannel a = Open(network, A, Z);
        a.Close();
        Assert.True(network.Run(() => Requests(tap, true).Any(), Limit));
        uint number = Requests(tap, true).First().Number;
        tap.Lose = c => c.Type == ChunkType.ReConfig && !c.IsFromA;
        for (int i = 0; i < 100; i++)
        {
            tap.Inject(A, ChunkType.ReConfig, 0, Parameter(ParameterType.ReConfigurationResponse, PacketTap.Words(number, InProgress)));
            network.Run(TimeSpan.FromMilliseconds(400));
        }

        Assert.Equal(SctpState.Established, A.Association.State);
        tap.Lose = null;
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
    }

    [Fact]
    public void A_channel_of_a_peer_without_RE_CONFIG_closes_when_its_messages_were_sent()
    {
        var network = new SimulatedNetwork(1) { Filter = WithoutReConfig };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        var tap = new PacketTap(network);
        a.Send(network.Now, new byte[100_000], false);
        a.Close();
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit), network.Describe());
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, Limit));
        Assert.Equal(0, tap.Count(true, ChunkType.ReConfig));
        Assert.True(SctpPeer.AreEstablished(A, Z));
    }

    // RFC 8831 section 6.7: the peer takes what comes on the stream for the old channel's.
    [Fact]
    public void The_id_of_a_channel_whose_stream_was_not_reset_is_not_used_again()
    {
        var network = new SimulatedNetwork(1) { Filter = WithoutReConfig };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        a.Close();
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit), network.Describe());
        Assert.Throws<ArgumentException>(() => A.Channels.Create(network.Now, "taken", new() { Negotiated = true, Id = 0 }));
        DataChannel next = A.Channels.Create(network.Now, "next", new());
        Assert.Equal(2, next.Id);
        next.Send(network.Now, "one"u8, true);
        Assert.True(network.Run(() => Z.Incoming.Count == 2 && Z.Incoming[1].HasMessage, Limit), network.Describe());
        Assert.Equal(("next", DataChannelState.Open), (Z.Incoming[1].Label, Z.Incoming[1].ReadyState));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_FORWARD_TSN_that_comes_after_the_request_still_lets_the_stream_begin_anew(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(new SctpOptions { EnableInterleaving = isInterleaved });
        DataChannel a = A.Channels.Create(network.Now, "x", new() { MaxRetransmits = 0 });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Lose = c => c.IsFromA && (c.IsData || c.Type is ChunkType.ForwardTsn or ChunkType.IForwardTsn);
        a.Send(network.Now, [1], false);
        network.Run(TimeSpan.FromSeconds(1));
        SentChunk skip = tap.Sent.Last(c => c.Type is ChunkType.ForwardTsn or ChunkType.IForwardTsn);
        a.Close();
        Assert.True(network.Run(() => Responses(tap, false).Any(r => r.Result == InProgress), Limit), network.Describe());
        tap.Inject(Z, skip.Type, 0, skip.Value);
        tap.Lose = null;
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
        DataChannel again = A.Channels.Create(network.Now, "again", new());
        Assert.Equal(0, again.Id);
        again.Send(network.Now, "one"u8, true);
        again.Send(network.Now, "two"u8, true);
        Assert.True(network.Run(() => Z.Incoming.Count == 2 && Z.Incoming[1].HasMessage, Limit), network.Describe());
        tap.Inject(Z, skip.Type, 0, skip.Value); // late once more
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(2, SctpTransferTests.Count(Z.Incoming[1]));
    }

    [Fact]
    public void Messages_on_a_stream_that_is_being_reset_wait_for_the_answer()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        Open(network, A, Z);
        tap.Lose = c => c.Type == ChunkType.ReConfig && !c.IsFromA;
        A.Association.ResetStream(0);
        network.Run(TimeSpan.FromMilliseconds(10));
        int before = tap.Data().Count();
        A.Association.Send(network.Now, 0, PayloadProtocol.Text, "wait"u8);
        A.Association.Send(network.Now, 2, PayloadProtocol.Text, "go"u8);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([2], tap.Data().Skip(before).Select(d => (int)d.StreamId));
        tap.Lose = null;
        Assert.True(network.Run(() => tap.Data().Last().StreamId == 0, Limit), network.Describe());
    }

    [Fact]
    public void Malformed_requests_change_nothing()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect();
        DataChannel a = Open(network, A, Z);
        foreach (ParameterType type in Enum.GetValues<ParameterType>())
        {
            for (int length = 0; length < 4; length++)
            {
                tap.Inject(Z, ChunkType.ReConfig, 0, [.. Parameter(type, new byte[length])]);
            }
        }

        tap.Inject(Z, ChunkType.ReConfig, 0);
        tap.Inject(Z, ChunkType.ReConfig, 0, 0, 13, 0, 200);
        Assert.Empty(Responses(tap, false));
        a.Close();
        Assert.True(network.Run(() => IsClosed(a, Z), Limit), network.Describe());
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect(SctpOptions? options = null)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        return (network, A, Z, tap);
    }

    // The list of extensions names another chunk type in its place.
    private static bool WithoutReConfig(SimulatedDatagram datagram)
    {
        if (SctpPeer.FirstChunk(datagram) is ChunkType.Init or ChunkType.InitAck)
        {
            int list = datagram.Bytes.AsSpan().IndexOf([(byte)ChunkType.ReConfig, (byte)ChunkType.ForwardTsn]);
            Assert.NotEqual(-1, list);
            datagram.Bytes[list] = 0xFE;
            SctpPacket.WriteHeader(datagram.Bytes, 5000, 5000, SctpPacket.ReadVerificationTag(datagram.Bytes));
            SctpPacket.WriteChecksum(datagram.Bytes);
        }

        return true;
    }

    private static DataChannel Open(SimulatedNetwork network, SctpPeer A, SctpPeer Z)
    {
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        return a;
    }

    private static bool IsClosed(DataChannel a, SctpPeer Z) => a.ReadyState == DataChannelState.Closed && Z.Incoming[0].ReadyState == DataChannelState.Closed;

    // Requests are numbered from the initial TSN (RFC 6525 section 5.1.1).
    private static uint NextRequestOf(SctpPeer A, SimulatedNetwork network, PacketTap tap)
    {
        A.Channels.Create(network.Now, "counts from here", new());
        network.Run(TimeSpan.FromSeconds(1));
        return tap.Data().Min(d => d.Tsn);
    }

    private static byte[] Parameter(ParameterType type, byte[] value)
    {
        var parameter = new byte[TlvReader.HeaderLength + value.Length];
        BinaryPrimitives.WriteUInt16BigEndian(parameter, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(parameter.AsSpan(2), (ushort)parameter.Length);
        value.CopyTo(parameter, TlvReader.HeaderLength);
        return parameter;
    }

    private static IEnumerable<(uint Number, int StreamCount)> Requests(PacketTap tap, bool isFromA) =>
        Parameters(tap, isFromA, ParameterType.OutgoingSsnResetRequest).Select(p => (BinaryPrimitives.ReadUInt32BigEndian(p), (p.Length - 12) / 2));

    private static IEnumerable<(uint Number, uint Result)> Responses(PacketTap tap, bool isFromA) =>
        Parameters(tap, isFromA, ParameterType.ReConfigurationResponse).Select(p => (BinaryPrimitives.ReadUInt32BigEndian(p), BinaryPrimitives.ReadUInt32BigEndian(p.AsSpan(4))));

    private static List<byte[]> Parameters(PacketTap tap, bool isFromA, ParameterType wanted)
    {
        var found = new List<byte[]>();
        foreach (SentChunk chunk in tap.Sent.Where(c => c.Type == ChunkType.ReConfig && c.IsFromA == isFromA))
        {
            var reader = new TlvReader(chunk.Value);
            while (reader.TryRead(out ushort type, out ReadOnlySpan<byte> value))
            {
                if ((ParameterType)type == wanted)
                {
                    found.Add(value.ToArray());
                }
            }
        }

        return found;
    }

    private static IEnumerable<int> Numbers(PacketTap tap, ushort streamId) =>
        tap.Data().Where(d => d.StreamId == streamId).Select(d => (int)BinaryPrimitives.ReadUInt16BigEndian(d.Value.AsSpan(6)));
}
