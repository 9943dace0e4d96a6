namespace EGoat.Mesh.Tests.Rooms;

public sealed class RoomSubscriptionTests
{
    private readonly RoomEvents _events = new();

    [Fact]
    public void Who_does_not_read_holds_up_neither_the_room_nor_others()
    {
        using RoomSubscription idle = _events.Subscribe(10);
        using RoomSubscription reading = _events.Subscribe(10);
        for (int i = 0; i < 10_000; i++)
        {
            _events.Publish(new RoomWarning($"{i}"));
            Assert.True(reading.TryRead(out RoomEvent? e));
            Assert.Equal($"{i}", Assert.IsType<RoomWarning>(e).Text);
        }

        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => $"{i}"), ReadAll(idle).Select(e => ((RoomWarning)e).Text));
    }

    [Fact]
    public void Beyond_the_capacity_the_latest_change_of_each_peer_and_transfer_is_kept_and_nothing_else_is_lost()
    {
        using RoomSubscription idle = _events.Subscribe(3);
        for (int i = 0; i < 100; i++)
        {
            _events.Publish(new RoomPeerChanged(CreatePeer($"peer{i % 2}", $"name{i}")));
            _events.Publish(new RoomTransferChanged(CreateTransfer("running", EGoatTransferState.Active, i)));
            _events.Publish(new RoomWarning($"{i}"));
        }

        _events.Publish(new RoomTransferChanged(CreateTransfer("ended", EGoatTransferState.Active, 1)));
        _events.Publish(new RoomTransferChanged(CreateTransfer("ended", EGoatTransferState.Completed, 2)));
        RoomEvent[] read = ReadAll(idle);
        Assert.Equal(100, read.OfType<RoomWarning>().Count());
        Assert.Equal(["name98", "name99"], read.OfType<RoomPeerChanged>().TakeLast(2).Select(p => p.Peer.Name).Order());
        Assert.Equal(99, read.OfType<RoomTransferChanged>().Last(t => t.Transfer.Name == "running").Transfer.BytesTransferred);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(read.OfType<RoomTransferChanged>(), t => t.Transfer.Name == "ended").Transfer.State);
        Assert.InRange(read.Length, 100, 110);
    }

    [Fact]
    public void What_does_not_fit_into_the_memory_of_a_subscription_is_told_as_lost()
    {
        using RoomSubscription idle = _events.Subscribe(10);
        string text = new('x', 1024 * 1024);
        for (int i = 0; i < 100; i++)
        {
            _events.Publish(new RoomWarning(text));
        }

        RoomEvent[] read = ReadAll(idle);
        int kept = read.OfType<RoomWarning>().Count();
        Assert.Equal(31, kept); // of 2 MiB and a little each
        Assert.Equal(100 - kept, Assert.IsType<RoomEventsLost>(read[kept]).Count);
        _events.Publish(new RoomWarning("after"));
        Assert.Equal("after", Assert.IsType<RoomWarning>(Assert.Single(ReadAll(idle))).Text);
    }

    [Fact]
    public async Task A_subscription_ends_with_the_room_after_what_waits_in_it()
    {
        RoomSubscription subscription = _events.Subscribe(10);
        _events.Publish(new RoomWarning("last"));
        _events.Complete();
        _events.Publish(new RoomWarning("too late"));
        var read = new List<RoomEvent>();
        await foreach (RoomEvent e in subscription.ReadAllAsync(CancellationToken.None))
        {
            read.Add(e);
        }

        Assert.Equal("last", Assert.IsType<RoomWarning>(Assert.Single(read)).Text);
        await foreach (RoomEvent _ in _events.Subscribe(10).ReadAllAsync(CancellationToken.None))
        {
            Assert.Fail("A room that was left has events.");
        }
    }

    [Fact]
    public async Task Reading_waits_for_the_next_event_and_can_be_cancelled()
    {
        using RoomSubscription subscription = _events.Subscribe(10);
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<RoomEvent> reading = subscription.ReadAllAsync(stop.Token).GetAsyncEnumerator();
        ValueTask<bool> next = reading.MoveNextAsync();
        Assert.False(next.IsCompleted);
        _events.Publish(new RoomWarning("now"));
        Assert.True(await next);
        Task<bool> cancelled = reading.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
    }

    private static RoomEvent[] ReadAll(RoomSubscription subscription)
    {
        var read = new List<RoomEvent>();
        while (subscription.TryRead(out RoomEvent? e))
        {
            read.Add(e!);
        }

        return [.. read];
    }

    private static EGoatPeer CreatePeer(string id, string name) => new() { Id = id, Room = "lobby", Name = name, Identity = "", State = EGoatPeerState.Connected };

    private static EGoatTransfer CreateTransfer(string name, EGoatTransferState state, long transferred) => new()
    {
        Id = "1",
        Room = "lobby",
        Name = name,
        Path = "",
        Peer = "bob",
        PeerIdentity = "",
        Direction = EGoatDirection.Received,
        Length = 1000,
        BytesTransferred = transferred,
        State = state,
        Started = DateTimeOffset.UnixEpoch,
    };
}
