using EGoat.Signaling;
using EGoat.WebRtc.Ice;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>Small parts of a room, each for itself.</summary>
public sealed class RoomPartsTests
{
    [Theory]
    [InlineData("lobby", "lobby")]
    [InlineData("  Küche-2_b.c\t", "Küche-2_b.c")]
    [InlineData("a b", null)]
    [InlineData("a/b", null)]
    [InlineData("~a", null)]
    [InlineData("", null)]
    [InlineData("  ", null)]
    [InlineData(null, null)]
    public void A_room_name_has_letters_digits_and_three_signs_and_white_space_around_it_is_left_out(string? text, string? expected)
    {
        Assert.Equal(expected is not null, RoomName.TryParse(text, out string name));
        Assert.Equal(expected ?? "", name);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_room_name_has_64_characters_at_most(int length, bool isOne) => Assert.Equal(isOne, RoomName.TryParse(new string('a', length), out _));

    [Fact]
    public async Task A_task_that_nobody_awaits_is_waited_for_with_all_that_it_begins_and_its_failure_is_told()
    {
        var told = new List<string>();
        var tasks = new BackgroundTasks(e => told.Add(e.Message));
        var gate = new TaskCompletionSource();
        tasks.Run(async () =>
        {
            await gate.Task;
            tasks.Run(() => Task.FromException(new IOException("The later one failed.")));
            throw new OperationCanceledException();
        });
        Task all = tasks.WhenAllAsync();
        Assert.False(all.IsCompleted);
        gate.SetResult();
        await all;
        Assert.Equal(["The later one failed."], told);
        await tasks.WhenAllAsync();
    }

    [Fact]
    public async Task Of_messages_that_nobody_takes_the_newest_ten_thousand_stay()
    {
        var unread = new UnreadMessages();
        for (int i = 0; i < 10_001; i++)
        {
            unread.Add(Message($"{i}"));
        }

        Assert.True(unread.TryTake(out EGoatMessage? first));
        Assert.Equal("1", first!.Id);
        Assert.Equal("2", (await unread.TakeAsync(default))?.Id);
        unread.Complete();
        int count = 0;
        while (await unread.TakeAsync(default) is not null)
        {
            count++;
        }

        Assert.Equal(9998, count);
        Assert.False(unread.TryTake(out _));
    }

    [Fact]
    public async Task Who_waits_for_a_message_gets_the_next_one_and_can_give_up()
    {
        var unread = new UnreadMessages();
        ValueTask<EGoatMessage?> waiting = unread.TakeAsync(default);
        Assert.False(waiting.IsCompleted);
        unread.Add(Message("1"));
        Assert.Equal("1", (await waiting)?.Id);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unread.TakeAsync(new CancellationToken(canceled: true)).AsTask());
    }

    [Fact]
    public void Servers_are_told_with_what_they_are_asked_with_and_what_is_none_is_left_out()
    {
        Assert.True(IceServer.TryParse("stun:stun.example.org", null, null, out IceServer? stun));
        Assert.True(IceServer.TryParse("turn:turn.example.org?transport=udp", "ada", "secret", out IceServer? turn));
        IReadOnlyList<IceServerEntry> entries = IceServerEntries.From([stun, turn]);
        Assert.Equal([null, "ada"], entries.Select(e => e.Username));
        Assert.Equal([null, "secret"], entries.Select(e => e.Credential));
        var rejected = new List<string>();
        IReadOnlyList<IceServer> read = IceServerEntries.Read([.. entries, new IceServerEntry(["http://example.org", "stun:other.example.org"])], rejected.Add);
        Assert.Equal([stun.ToString(), turn.ToString(), "stun:other.example.org"], read.Select(s => s.ToString()).Select((s, i) => i == 2 ? s.Split(":3478")[0] : s));
        Assert.Equal([false, true, false], read.Select(s => s.IsTurn));
        Assert.Equal(["http://example.org"], rejected);
    }

    [Fact]
    public async Task A_subscription_that_was_disposed_of_ends_and_gets_nothing_more()
    {
        var events = new RoomEvents();
        RoomSubscription subscription = events.Subscribe(10);
        await using IAsyncEnumerator<RoomEvent> reading = subscription.ReadAllAsync(default).GetAsyncEnumerator();
        ValueTask<bool> next = reading.MoveNextAsync();
        subscription.Dispose();
        events.Publish(new RoomWarning("too late"));
        Assert.False(await next);
        Assert.False(subscription.TryRead(out _));
    }

    [Fact]
    public void Beyond_the_latest_changes_of_4096_peers_what_comes_is_counted_and_told_before_them()
    {
        var events = new RoomEvents();
        using RoomSubscription idle = events.Subscribe(1);
        for (int i = 0; i <= 4100; i++)
        {
            events.Publish(new RoomPeerChanged(new EGoatPeer { Id = $"{i}", Room = "lobby", Name = "", Identity = "", State = EGoatPeerState.Connected }));
        }

        events.Publish(new RoomPeerChanged(new EGoatPeer { Id = "1", Room = "lobby", Name = "latest", Identity = "", State = EGoatPeerState.Connected }));
        var read = new List<RoomEvent>();
        while (idle.TryRead(out RoomEvent? e))
        {
            read.Add(e!);
        }

        Assert.Equal("0", Assert.IsType<RoomPeerChanged>(read[0]).Peer.Id);
        Assert.Equal(4, Assert.IsType<RoomEventsLost>(read[1]).Count);
        Assert.Equal(("1", "latest"), (Assert.IsType<RoomPeerChanged>(read[2]).Peer.Id, ((RoomPeerChanged)read[2]).Peer.Name));
        Assert.Equal(2 + 4096, read.Count);
    }

    private static EGoatMessage Message(string id) => new()
    {
        Id = id, Room = "lobby", From = "ada", FromIdentity = "adas", Text = "hello", SentAt = DateTimeOffset.UnixEpoch, ReceivedAt = DateTimeOffset.UnixEpoch, Direction = EGoatDirection.Received,
    };
}
