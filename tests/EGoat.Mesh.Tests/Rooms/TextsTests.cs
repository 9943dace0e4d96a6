using EGoat.Mesh.Peers;
using EGoat.Testing;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>Outcomes of texts whose recipients are there, gone, or not met yet; without connections.</summary>
[Collection(InVirtualTime.Name)]
public sealed class TextsTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly VirtualTime _time = new(1);
    private readonly MemoryStore _store = new();
    private readonly RoomContext _room;
    private readonly Texts _texts;
    private readonly RoomSubscription _events;

    public TextsTests()
    {
        _room = new RoomContext("lobby", new RoomOptions { Server = new Uri("http://127.0.0.1"), Room = "lobby", DisplayName = "ada", Time = _time.Clock }, _store);
        _events = _room.Events.Subscribe(1024);
        _texts = new Texts(_room, "identity", new MessageKeeper(_room));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _room.Left.CancelAsync();
        await _room.Background.WhenAllAsync();
        _events.Dispose();
    }

    [Fact]
    public async Task A_text_to_nobody_has_its_outcome_at_once()
    {
        SentMessage sent = await SendAsync();
        Assert.Empty(await sent.Outcome);
        Assert.True(sent.Message.Kept);
        Assert.Equal("hello", Assert.Single(_store.Messages).Text);
    }

    [Fact]
    public async Task A_recipient_that_never_was_connected_and_leaves_has_not_confirmed()
    {
        var bob = new Peer("bob");
        SentMessage sent = await SendAsync(bob);
        Assert.False(sent.Outcome.IsCompleted);
        Remove(bob);
        EGoatDelivery delivery = Assert.Single(await sent.Outcome);
        Assert.Equal((EGoatDeliveryState.NotConfirmed, "The peer bob left before confirming it."), (delivery.State, delivery.Reason));
        Assert.Equal(delivery, Assert.Single(_texts.Unconfirmed));
        await _texts.CompleteAsync();
        Assert.Empty(_store.Deliveries);
    }

    [Fact]
    public async Task Waiting_for_the_outcome_is_bounded_and_names_who_has_said_nothing()
    {
        SentMessage sent = await SendAsync(new Peer("bob"));
        IReadOnlyList<EGoatDelivery> outcome = await _time.AdvanceUntilAsync(sent.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None), Limit);
        Assert.Equal("It was not confirmed within 10 s.", Assert.Single(outcome).Reason);
    }

    [Fact]
    public async Task A_receipt_of_somebody_who_was_not_sent_the_text_changes_nothing()
    {
        (Peer bob, Peer mallory) = (new Peer("bob"), new Peer("mallory"));
        SentMessage sent = await SendAsync(bob);
        _texts.HandleReceipt(mallory, sent.Message.Id);
        _texts.HandleReceipt(bob, "another");
        Assert.False(sent.Outcome.IsCompleted);
        _texts.HandleReceipt(bob, sent.Message.Id);
        Assert.Equal(EGoatDeliveryState.Confirmed, Assert.Single(await sent.Outcome).State);
        Assert.Empty(_texts.Unconfirmed);
    }

    [Fact]
    public async Task A_confirmation_stands_when_its_recipient_leaves()
    {
        (Peer bob, Peer cleo) = (new Peer("bob"), new Peer("cleo"));
        SentMessage sent = await SendAsync(bob, cleo);
        _texts.HandleReceipt(bob, sent.Message.Id);
        Remove(bob);
        Remove(cleo);
        Assert.Equal([EGoatDeliveryState.Confirmed, EGoatDeliveryState.NotConfirmed], (await sent.Outcome).Select(d => d.State));
    }

    [Fact]
    public async Task Who_has_too_much_to_confirm_and_is_not_there_is_not_waited_for()
    {
        var bob = new Peer("bob");
        for (int i = 0; i < Peer.MaxUnconfirmed; i++)
        {
            await SendAsync(bob);
        }

        SentMessage sent = await SendAsync(bob);
        Assert.Equal("The peer bob has 1024 messages to confirm first.", Assert.Single(await sent.Outcome).Reason);
    }

    [Fact]
    public async Task A_text_goes_out_without_a_store_that_hangs_and_is_kept_when_it_goes_on()
    {
        _store.Hang();
        Task<SentMessage> sending = _texts.SendAsync("hello", [], isPrivate: false, CancellationToken.None);
        SentMessage sent = await _time.AdvanceUntilAsync(sending, TimeSpan.FromSeconds(2));
        Assert.False(sent.Message.Kept);
        Assert.DoesNotContain(Read(), e => e is RoomMessageKept);
        _store.GoOn();
        await _time.AdvanceUntilAsync(() => _store.Messages.Count == 1, Limit);
        await _time.AdvanceUntilAsync(() => Read().OfType<RoomMessageKept>().Any(k => k.Message.Kept && k.Message.Id == sent.Message.Id), Limit);
    }

    [Fact]
    public async Task A_store_that_fails_is_tried_again_until_it_works_and_people_are_told_twice()
    {
        _store.Failure = new IOException("The disk is full.");
        SentMessage[] sent = [await SendAsync(), await SendAsync()];
        Assert.All(sent, s => Assert.False(s.Message.Kept));
        await _time.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("The history cannot be written: The disk is full. Messages are kept in memory until it can.", Assert.IsType<RoomWarning>(Assert.Single(Read(), e => e is RoomWarning)).Text);
        Assert.InRange(_store.Attempts, 10, 60);
        _store.Failure = null;
        await _time.AdvanceUntilAsync(() => _store.Messages.Count == 2, Limit);
        await _time.AdvanceUntilAsync(() => Read().Any(e => e is RoomWarning { Text: "The history is written again; nothing is in memory alone." }), Limit);
    }

    [Fact]
    public async Task What_has_waited_for_too_long_is_given_up_and_told()
    {
        var old = new EGoatDelivery { MessageId = "1", Room = "lobby", Peer = "bob", PeerIdentity = "bobs", State = EGoatDeliveryState.Waiting, At = _time.Clock.GetUtcNow() - TimeSpan.FromDays(6.99) };
        await _store.PutDeliveriesAsync([old], CancellationToken.None);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(Read(), e => e is RoomDeliveryChanged);
        await _time.AdvanceAsync(TimeSpan.FromHours(1.1));
        Assert.Equal(EGoatDeliveryState.NotConfirmed, Assert.IsType<RoomDeliveryChanged>(Assert.Single(Read(), e => e is RoomDeliveryChanged)).Delivery.State);
    }

    [Fact]
    public async Task Flushing_goes_on_while_somebody_confirms_and_ends_after_the_patience_without()
    {
        var bob = new Peer("bob");
        SentMessage[] sent = [await SendAsync(bob), await SendAsync(bob), await SendAsync(bob)];
        Task flushing = _texts.FlushAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        foreach (SentMessage message in sent.Take(2))
        {
            await _time.AdvanceAsync(TimeSpan.FromSeconds(4));
            Assert.False(flushing.IsCompleted);
            _texts.HandleReceipt(bob, message.Message.Id);
        }

        await _time.AdvanceAsync(TimeSpan.FromSeconds(4.9));
        Assert.False(flushing.IsCompleted);
        await _time.AdvanceUntilAsync(flushing, TimeSpan.FromSeconds(0.2));
        Assert.Equal(sent[2].Message.Id, Assert.Single(_texts.Unconfirmed).MessageId);
    }

    private void Remove(Peer peer)
    {
        peer.Remove(hasLeft: true);
        _texts.HandleRemoved(peer);
    }

    private async Task<SentMessage> SendAsync(params Peer[] recipients) =>
        await _time.AdvanceUntilAsync(_texts.SendAsync("hello", recipients, isPrivate: false, CancellationToken.None), Limit);

    private RoomEvent[] Read()
    {
        var read = new List<RoomEvent>();
        while (_events.TryRead(out RoomEvent? e))
        {
            read.Add(e!);
        }

        return [.. read];
    }
}

/// <summary>Tests in virtual time wait for the process to be quiet, and so run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class InVirtualTime
{
    public const string Name = "In virtual time";
}
