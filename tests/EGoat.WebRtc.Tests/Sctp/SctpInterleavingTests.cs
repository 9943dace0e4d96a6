using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>User message interleaving (RFC 8260).</summary>
public sealed class SctpInterleavingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Long_messages_of_several_channels_take_turns_only_when_interleaved(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        DataChannel[] channels = [.. Enumerable.Range(0, 3).Select(i => A.Channels.Create(network.Now, $"{i}", new()))];
        Assert.True(network.Run(() => Z.Incoming.Count == 3, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Sent.Clear();
        Array.ForEach(channels, c => c.Send(network.Now, new byte[100_000], false));
        Assert.True(network.Run(() => Z.Incoming.All(c => c.HasMessage), Limit));
        ushort[] streams = [.. tap.Data().Select(d => d.StreamId)];
        int changes = streams.Zip(streams.Skip(1)).Count(p => p.First != p.Second);
        Assert.InRange(changes, isInterleaved ? streams.Length * 9 / 10 : 2, isInterleaved ? streams.Length : 2);
        Assert.All(tap.Data(), d => Assert.Equal(isInterleaved ? ChunkType.IData : ChunkType.Data, d.Type));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DATA_where_I_DATA_was_agreed_or_the_reverse_is_a_protocol_violation(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        tap.Inject(Z, isInterleaved ? ChunkType.Data : ChunkType.IData, 3, PacketTap.Words(1, 0, 0, 53, 42));
        Assert.Equal(SctpState.Closed, Z.Association.State);
        Assert.True(network.Run(() => A.Association.State == SctpState.Closed, Limit));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_chunk_without_user_data_is_answered_with_ABORT(bool isInterleaved)
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(isInterleaved);
        tap.Inject(Z, isInterleaved ? ChunkType.IData : ChunkType.Data, 3, PacketTap.Words(77, 0, 0, 53).AsSpan(0, isInterleaved ? 16 : 12));
        Assert.True(network.Run(() => A.Association.State == SctpState.Closed, Limit));
        Assert.Equal([0, 9, 0, 8, 0, 0, 0, 77], tap.Sent.Single(c => c.Type == ChunkType.Abort).Value);
    }

    [Fact]
    public void Ordered_and_unordered_messages_of_a_stream_are_numbered_apart()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        A.Channels.Create(network.Now, "x", new() { Ordered = false });
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Run(TimeSpan.FromSeconds(1));
        tap.Sent.Clear();
        for (int i = 0; i < 3; i++)
        {
            A.Association.Send(network.Now, 0, 53, (byte[])[1], isUnordered: true);
            A.Association.Send(network.Now, 0, 53, (byte[])[2]);
        }

        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 1, 2], tap.Data().Where(d => (d.Flags & DataChunk.UnorderedFlag) != 0).Select(d => (int)d.Value[11]));
        Assert.Equal([1, 2, 3], tap.Data().Where(d => (d.Flags & DataChunk.UnorderedFlag) == 0).Select(d => (int)d.Value[11]));
    }

    [Fact]
    public void A_reset_stream_numbers_ordered_and_unordered_messages_from_zero()
    {
        (SimulatedNetwork network, SctpPeer A, SctpPeer Z, PacketTap tap) = Connect(true);
        for (int round = 0; round < 2; round++)
        {
            DataChannel a = A.Channels.Create(network.Now, "x", new() { Ordered = false });
            Assert.True(network.Run(() => Z.Incoming.Count == round + 1, Limit), network.Describe());
            network.Run(TimeSpan.FromSeconds(1));
            tap.Sent.Clear();
            A.Association.Send(network.Now, 0, PayloadProtocol.Binary, (byte[])[1], isUnordered: true);
            A.Association.Send(network.Now, 0, PayloadProtocol.Binary, (byte[])[2]);
            network.Run(TimeSpan.FromSeconds(1));
            Assert.Equal([(true, 0), (false, 1)], tap.Data().Select(d => ((d.Flags & DataChunk.UnorderedFlag) != 0, (int)d.Value[11])));
            a.Close();
            Assert.True(network.Run(() => a.ReadyState == DataChannelState.Closed, Limit), network.Describe());
        }
    }

    private static (SimulatedNetwork Network, SctpPeer A, SctpPeer Z, PacketTap Tap) Connect(bool isInterleaved)
    {
        var network = new SimulatedNetwork(1);
        var tap = new PacketTap(network);
        var options = new SctpOptions { EnableInterleaving = isInterleaved };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 1, options, options);
        return (network, A, Z, tap);
    }
}
