using System.Buffers.Binary;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>
/// What every stack must do with ours: either side offers, either side opens DTLS, messages of all sizes go both ways in
/// every kind of channel, and either side closes channels and the connection: whoever offered the connection ends it.
/// </summary>
public abstract class InteropTests : IAsyncLifetime
{
    private static readonly int[] Sizes = [0, 1, 1_132, 16_384, 65_535, 65_536, 262_144];

    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private RtcHost _host = null!;

    /// <summary>Who opens DTLS.</summary>
    public enum Opener
    {
        Ours,
        Theirs,
    }

    protected CancellationToken Limit => _limit.Token;

    /// <summary>The longest message that the stack takes and sends, whatever it announces.</summary>
    protected virtual int MaxMessageSize => 256 * 1024;

    /// <summary>The stack answers only offers that leave the role in DTLS to it, and opens.</summary>
    protected virtual bool AlwaysOpens => false;

    /// <summary>What the other side names a channel; not all stacks can do more than ASCII.</summary>
    protected virtual string Label => "théirs, limited 🐐";

    /// <summary>Whether an empty message can be sent back: not all stacks can.</summary>
    protected virtual bool HasEmptyMessages => true;

    /// <summary>Whether it says that it ends a connection, and hears it; else the silence alone tells.</summary>
    protected virtual bool SaysGoodbye => true;

    /// <summary>
    /// Whether the stack may check our certificate before it knows our answer, when ICE is done that soon: then ICE begins when it has taken
    /// the answer.
    /// </summary>
    protected virtual bool HasRaceAtAnswer => false;

    /// <summary>
    /// Whether the stack may exchange messages that come while it hands a channel out: then only one comes before it has done that.
    /// </summary>
    protected virtual bool HasRaceAtChannel => false;

    public Task InitializeAsync()
    {
        _host = RtcHost.Open(new RtcHostOptions { Certificate = _certificate, IncludeLoopback = true });
        return Task.CompletedTask;
    }

    public virtual async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _certificate.Dispose();
        _limit.Dispose();
    }

    /// <summary>We offer, with either role in DTLS: what the offer allows decides (RFC 8842 section 5.3).</summary>
    protected async Task OfferAsync(ForeignPeer peer, Opener opener)
    {
        RtcConnection connection = _host.CreateConnection();
        RtcDataChannel channel = connection.CreateDataChannel("first");
        string setup = AlwaysOpens ? "a=setup:actpass" : opener == Opener.Ours ? "a=setup:active" : "a=setup:passive";
        string offer = connection.CreateOffer().Replace("a=setup:actpass", setup, StringComparison.Ordinal);
        string answer = await peer.AnswerAsync(offer).WaitAsync(Limit);
        Assert.Contains(opener == Opener.Ours ? "a=setup:passive" : "a=setup:active", answer, StringComparison.Ordinal);
        connection.AcceptAnswer(answer);
        await UseAsync(connection, channel, peer);
        await connection.DisposeAsync();
        if (SaysGoodbye)
        {
            await peer.EndedAsync().WaitAsync(Limit);
        }
    }

    /// <summary>The other side offers.</summary>
    protected async Task AnswerAsync(ForeignPeer peer, Opener opener)
    {
        RtcConnection connection = _host.CreateConnection();
        string offer = await peer.OfferAsync("first").WaitAsync(Limit);
        Assert.Contains("a=setup:actpass", offer, StringComparison.Ordinal);
        offer = opener == Opener.Ours ? offer : offer.Replace("a=setup:actpass", "a=setup:active", StringComparison.Ordinal);
        if (HasRaceAtAnswer)
        {
            await peer.AcceptAnswerAsync(WithoutCandidates(connection.AcceptOffer(WithoutCandidates(offer)))).WaitAsync(Limit);
            Assert.All(CandidatesOf(offer), c => Assert.True(connection.AddRemoteCandidate(c)));
        }
        else
        {
            await peer.AcceptAnswerAsync(connection.AcceptOffer(offer)).WaitAsync(Limit);
        }

        RtcDataChannel channel = await IncomingAsync(connection);
        await UseAsync(connection, channel, peer);
        if (SaysGoodbye)
        {
            await peer.EndAsync().WaitAsync(Limit);
            await EndedAsync(connection);
        }

        await connection.DisposeAsync();
    }

    private static string WithoutCandidates(string sdp) => string.Join("\r\n", sdp.Split("\r\n").Where(line => !IsOfCandidates(line)));

    private static IEnumerable<string> CandidatesOf(string sdp) => sdp.Split("\r\n").Where(line => line.StartsWith("a=candidate:", StringComparison.Ordinal)).Select(line => line[2..]);

    private static bool IsOfCandidates(string line) => line.StartsWith("a=candidate:", StringComparison.Ordinal) || line == "a=end-of-candidates";

    private async Task UseAsync(RtcConnection connection, RtcDataChannel first, ForeignPeer peer)
    {
        await EchoAsync(first);
        await BulkAsync(first, isOrdered: true);
        await BulkAsync(first, isOrdered: true, count: 1_000, length: 20);

        RtcDataChannel unordered = connection.CreateDataChannel("unordered", new DataChannelOptions { Ordered = false });
        await BulkAsync(unordered, isOrdered: false);
        RtcDataChannel limited = connection.CreateDataChannel("limited", new DataChannelOptions { Ordered = false, MaxRetransmits = 1_000 });
        await BulkAsync(limited, isOrdered: false);
        await peer.OpenAsync("theirs, unordered", ordered: false).WaitAsync(Limit);
        RtcDataChannel theirs = await IncomingAsync(connection);
        Assert.Equal("theirs, unordered", theirs.Label);
        await BulkAsync(theirs, isOrdered: false);
        await peer.OpenAsync(Label, ordered: true, maxRetransmits: 1_000).WaitAsync(Limit);
        RtcDataChannel theirsLimited = await IncomingAsync(connection);
        Assert.Equal(Label, theirsLimited.Label);
        await BulkAsync(theirsLimited, isOrdered: true);

        // Closed by this side, each opened by another; then by the other side; then the ids are used again.
        unordered.Close();
        await peer.ClosedAsync("unordered").WaitAsync(Limit);
        await unordered.Closed.WaitAsync(Limit);
        theirs.Close();
        await peer.ClosedAsync("theirs, unordered").WaitAsync(Limit);
        await theirs.Closed.WaitAsync(Limit);
        await peer.CloseAsync("limited").WaitAsync(Limit);
        await limited.Closed.WaitAsync(Limit);
        await peer.CloseAsync(Label).WaitAsync(Limit);
        await theirsLimited.Closed.WaitAsync(Limit);
        RtcDataChannel again = connection.CreateDataChannel("again");
        if (HasRaceAtChannel)
        {
            await BulkAsync(again, isOrdered: true, count: 1);
        }

        await BulkAsync(again, isOrdered: true);
        await peer.OpenAsync("theirs again", ordered: true).WaitAsync(Limit);
        await BulkAsync(await IncomingAsync(connection), isOrdered: true);
    }

    private async Task EchoAsync(RtcDataChannel channel)
    {
        await channel.Opened.WaitAsync(Limit);
        var random = new Random(1);
        long longest = Math.Min(MaxMessageSize, channel.MaxMessageSize);
        foreach (int size in Sizes.Where(s => s <= longest && (s > 0 || HasEmptyMessages)))
        {
            var binary = new byte[size];
            random.NextBytes(binary);
            byte[] text = [.. binary.Select(b => (byte)('a' + (b % 26)))];
            await channel.SendAsync(binary, false, Limit);
            await channel.SendAsync(text, true, Limit);
            await ExpectAsync(channel, binary, isText: false);
            await ExpectAsync(channel, text, isText: true);
        }

        await Assert.ThrowsAsync<ArgumentException>(async () => await channel.SendAsync(new byte[channel.MaxMessageSize + 1], false, Limit));
    }

    private async Task ExpectAsync(RtcDataChannel channel, byte[] expected, bool isText)
    {
        using RtcMessage? message = await channel.ReceiveAsync(Limit);
        Assert.NotNull(message);
        Assert.Equal(isText, message.IsText);
        Assert.True(expected.AsSpan().SequenceEqual(message.Data.Span), $"{expected.Length} bytes came back changed, as {message.Data.Length}.");
    }

    /// <summary>Many messages on their way at once, and all of them back: in order where that is promised.</summary>
    private async Task BulkAsync(RtcDataChannel channel, bool isOrdered, int count = 64, int length = 16_384)
    {
        byte[] Message(int index)
        {
            var message = new byte[length];
            new Random(index).NextBytes(message);
            BinaryPrimitives.WriteInt32BigEndian(message, index);
            return message;
        }

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < count; i++)
            {
                await channel.SendAsync(Message(i), false, Limit);
            }
        });
        var order = new List<int>();
        while (order.Count < count)
        {
            using RtcMessage? message = await channel.ReceiveAsync(Limit);
            Assert.NotNull(message);
            int index = BinaryPrimitives.ReadInt32BigEndian(message.Data.Span);
            Assert.True(Message(index).AsSpan().SequenceEqual(message.Data.Span), $"Message {index} came back changed.");
            order.Add(index);
        }

        await sending;
        Assert.Equal(Enumerable.Range(0, count), isOrdered ? order : order.Order());
    }

    private async Task<RtcDataChannel> IncomingAsync(RtcConnection connection)
    {
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(Limit))
        {
            if (e.IncomingChannel is { } channel)
            {
                return channel;
            }
        }

        throw new InvalidOperationException($"The connection ended: {connection.EndReason}");
    }

    /// <summary>The other side has ended the connection, and said so: some do in DTLS (close_notify), some in SCTP (ABORT).</summary>
    private async Task EndedAsync(RtcConnection connection)
    {
        PeerConnectionState state = connection.State;
        await foreach (RtcEvent e in connection.Events.ReadAllAsync(Limit))
        {
            state = e.State;
        }

        Assert.True(state == PeerConnectionState.Closed || connection.EndReason!.StartsWith("The peer aborted the SCTP association", StringComparison.Ordinal), $"{state}: {connection.EndReason}");
    }
}
