using EGoat.Testing;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>What waits in memory for a store that does not work: bounded, told, and stored when it works again.</summary>
[Collection(InVirtualTime.Name)]
public sealed class MessageKeeperTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly VirtualTime _time = new(1, maxStep: TimeSpan.FromSeconds(1));
    private readonly MemoryStore _store = new();
    private readonly RoomContext _room;
    private readonly RoomSubscription _events;
    private readonly MessageKeeper _keeper;
    private readonly DeliveryLog _log;

    public MessageKeeperTests()
    {
        _room = new RoomContext("lobby", new RoomOptions { Server = new Uri("http://127.0.0.1"), Room = "lobby", DisplayName = "ada", Time = _time.Clock }, _store);
        _events = _room.Events.Subscribe(1024);
        _keeper = new MessageKeeper(_room);
        _log = new DeliveryLog(_room);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _room.Left.CancelAsync();
        await _room.Background.WhenAllAsync();
        _events.Dispose();
    }

    [Fact]
    public async Task A_thousand_messages_wait_and_one_more_is_refused_until_they_are_stored()
    {
        _store.Failure = new IOException("The disk is full.");
        for (int round = 0; round < 2; round++)
        {
            Task<EGoatMessage>[] waiting = [.. Enumerable.Range(0, 1000).Select(i => _keeper.KeepAsync(Message($"{round} {i}")))];
            await _time.AdvanceAsync(TimeSpan.Zero);
            Task<EGoatMessage> more = _keeper.KeepAsync(Message("more"));
            RoomException refused = await Assert.ThrowsAsync<RoomException>(() => _time.AdvanceUntilAsync(more, Limit));
            Assert.Equal("1000 messages wait for the history; this one is not kept. The disk is full.", refused.Message);
            Assert.Equal(1000, await _time.AdvanceUntilAsync(_keeper.FlushAsync(), Limit));
            _store.Failure = null;
            EGoatMessage[] stored = await _time.AdvanceUntilAsync(Task.WhenAll(waiting), Limit);
            Assert.All(stored, m => Assert.True(m.Kept));
            Assert.Equal(1000 * (round + 1), _store.Messages.Count);
            Assert.Equal(0, await _time.AdvanceUntilAsync(_keeper.FlushAsync(), Limit));
            _store.Failure = new IOException("The disk is full.");
        }
    }

    [Fact]
    public async Task Sixteen_million_characters_wait_and_one_more_is_refused()
    {
        _store.Failure = new IOException("The disk is full.");
        Task<EGoatMessage>[] waiting = [.. Enumerable.Range(0, 16).Select(i => _keeper.KeepAsync(Message($"{i}") with { Text = new string('x', 1024 * 1024) }))];
        await _time.AdvanceAsync(TimeSpan.Zero);
        await Assert.ThrowsAsync<RoomException>(() => _time.AdvanceUntilAsync(_keeper.KeepAsync(Message("more") with { Text = "x" }), Limit));
        Assert.All(waiting, w => Assert.False(w.IsCompleted));
    }

    [Fact]
    public async Task A_message_that_comes_again_while_it_waits_is_stored_once()
    {
        _store.Hang();
        Task<EGoatMessage> first = _keeper.KeepAsync(Message("1"));
        Assert.Same(first, _keeper.KeepAsync(Message("1")));
        Task<EGoatMessage> anothers = _keeper.KeepAsync(Message("1") with { FromIdentity = "another" });
        Assert.NotSame(first, anothers);
        _store.GoOn();
        await _time.AdvanceUntilAsync(Task.WhenAll(first, anothers), Limit);
        Assert.Equal(2, _store.Attempts);
    }

    [Fact]
    public async Task Pauses_between_attempts_double_up_to_fifteen_seconds()
    {
        _store.Failure = new IOException("The disk is full.");
        Task<EGoatMessage> keeping = _keeper.KeepAsync(Message("1"));
        await _time.AdvanceAsync(TimeSpan.Zero);
        int attempts = 1;
        foreach (double seconds in (double[])[0.25, 0.5, 1, 2, 4, 8, 15, 15, 15])
        {
            await _time.AdvanceAsync(TimeSpan.FromSeconds(seconds - 0.01));
            Assert.Equal(attempts, _store.Attempts);
            await _time.AdvanceAsync(TimeSpan.FromSeconds(0.01));
            Assert.Equal(++attempts, _store.Attempts);
        }

        await _room.Left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _time.AdvanceUntilAsync(keeping, Limit));
    }

    [Fact]
    public async Task A_message_that_is_not_stored_within_a_second_is_shown_all_the_same()
    {
        _store.Hang();
        long since = _room.Time.GetTimestamp();
        Task<EGoatMessage> keeping = _keeper.KeepAsync(Message("1"));
        Task<EGoatMessage?> waiting = _keeper.WaitAsync(keeping, since);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(0.9));
        Assert.False(waiting.IsCompleted);
        Assert.Null(await _time.AdvanceUntilAsync(waiting, TimeSpan.FromSeconds(0.2)));
        Assert.Null(await _keeper.WaitAsync(keeping, since)); // and is not waited for again
        _store.GoOn();
        await _time.AdvanceUntilAsync(keeping, Limit);
        Assert.Equal("1", (await _keeper.WaitAsync(keeping, since))?.Id);
    }

    [Fact]
    public async Task Outcomes_that_the_store_does_not_take_are_told_at_once_and_stored_when_it_does()
    {
        _store.Failure = new IOException("The disk is full.");
        _log.Add(Delivery("1"));
        _log.Add(Delivery("2"), isTold: false);
        _log.Add(Delivery("3") with { PeerIdentity = "" });
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Task stored = _log.WhenStoredAsync();
        Assert.False(stored.IsCompleted);
        Assert.Equal(["1", "3"], ReadOutcomes());
        _store.Failure = null;
        await _time.AdvanceUntilAsync(stored, TimeSpan.FromSeconds(2));
        Assert.Equal(["1", "2"], _store.Deliveries.Select(d => d.MessageId));
        Assert.Empty(ReadOutcomes());
    }

    [Fact]
    public async Task Outcomes_of_many_texts_are_stored_all()
    {
        for (int i = 0; i < 2500; i++)
        {
            _log.Add(Delivery($"{i}"));
        }

        await _time.AdvanceUntilAsync(_log.WhenStoredAsync(), Limit);
        Assert.Equal(2500, _store.Deliveries.Count);
    }

    [Fact]
    public async Task Outcomes_that_cannot_be_stored_do_not_hold_up_whoever_leaves()
    {
        _store.Failure = new IOException("The disk is full.");
        _log.Add(Delivery("1"));
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        await _room.Left.CancelAsync();
        await _time.AdvanceUntilAsync(_log.WhenStoredAsync(), TimeSpan.Zero);
    }

    [Fact]
    public void The_last_messages_that_were_shown_are_known_again_and_older_ones_are_not()
    {
        var recent = new RecentMessages();
        for (int i = 0; i < 8192; i++)
        {
            Assert.True(recent.TryAdd("ada", $"{i}"));
        }

        Assert.False(recent.TryAdd("ada", "0"));
        Assert.True(recent.TryAdd("bob", "0"));
        Assert.True(recent.TryAdd("ada", "0"));
        Assert.False(recent.TryAdd("ada", "8191"));
    }

    private static EGoatMessage Message(string id) => new()
    {
        Id = id, Room = "lobby", From = "ada", FromIdentity = "adas", Text = "hello", SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Sent,
    };

    private static EGoatDelivery Delivery(string id) => new()
    {
        MessageId = id, Room = "lobby", Peer = "bob", PeerIdentity = "bobs", State = EGoatDeliveryState.Confirmed, At = DateTimeOffset.UnixEpoch,
    };

    private string[] ReadOutcomes()
    {
        var read = new List<string>();
        while (_events.TryRead(out RoomEvent? e))
        {
            if (e is RoomDeliveryChanged changed)
            {
                read.Add(changed.Delivery.MessageId);
            }
        }

        return [.. read];
    }
}
