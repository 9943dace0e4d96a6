using EGoat.Testing;

namespace EGoat.Signaling.Tests;

/// <summary>A client and a hub over minutes and hours, in virtual time: what is lost comes back.</summary>
public sealed class SignalingOverTimeTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly VirtualTime _time = new(seed: 1, maxStep: TimeSpan.FromSeconds(1));
    private readonly MemoryServer _server;
    private readonly List<SignalingClient> _clients = [];

    public SignalingOverTimeTests() => _server = new MemoryServer(_time);

    [Theory]
    [InlineData(10, false)]
    [InlineData(20, false)]
    [InlineData(50, true)]
    [InlineData(180, true)]
    public async Task A_member_whose_traffic_is_dropped_is_back_within_15_seconds_after_the_end(int seconds, bool isNoticed)
    {
        SignalingClient client = await JoinAsync('a');
        MemoryLink old = _server.Link;
        old.Cut();
        _server.Error = SignalingErrors.Unreachable;
        await _time.AdvanceAsync(TimeSpan.FromSeconds(seconds));
        _server.Error = null;
        old.Mend();
        await _time.AdvanceUntilAsync(() => client.IsConnected && _server.Hub.Rooms is [(_, 1)], TimeSpan.FromSeconds(15));
        SignalingClient newcomer = await JoinAsync('z');
        Assert.Equal([new string('a', 26)], Assert.IsType<SignalingJoined>(Take(newcomer)[0]).Peers);
        Assert.True(await newcomer.SendAsync(new string('a', 26), "hello", default));
        await _time.AdvanceUntilAsync(() => client.Events.Count == (isNoticed ? 4 : 2), TimeSpan.FromSeconds(1));
        List<SignalingEvent> events = Take(client);
        Assert.Equal(isNoticed ? ["SignalingLost", "SignalingJoined"] : [], events[..^2].Select(e => e.GetType().Name));
        Assert.Equal(new SignalingReceived(new string('z', 26), "hello"), events[^1]);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(40)]
    [InlineData(120)]
    public async Task A_server_that_stands_still_is_joined_again_within_15_seconds_after_the_end(int seconds)
    {
        SignalingClient client = await JoinAsync('a');
        _server.Link.Cut();
        _server.IsFrozen = true;
        await _time.AdvanceAsync(TimeSpan.FromSeconds(seconds));
        _server.IsFrozen = false;
        _server.Restart();
        await _time.AdvanceUntilAsync(() => client.IsConnected && _server.Hub.Rooms is [(_, 1)], TimeSpan.FromSeconds(15));
        Assert.Single(Take(client).OfType<SignalingLost>());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_lost_after_30_seconds_and_told_once_with_its_reason()
    {
        SignalingClient client = await JoinAsync('a');
        _server.Link.Cut();
        _server.Error = SignalingErrors.Unreachable;
        await _time.AdvanceAsync(TimeSpan.FromSeconds(29.9));
        Assert.True(client.IsConnected);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(0.2));
        Assert.False(client.IsConnected);
        Assert.False(await client.SendAsync(new string('z', 26), "hello", default));
        await _time.AdvanceAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(["The signaling server does not answer."], Take(client).OfType<SignalingLost>().Select(l => l.Reason));
    }

    [Fact]
    public async Task A_quiet_room_stays_joined_because_both_sides_answer()
    {
        SignalingClient client = await JoinAsync('a');
        await _time.AdvanceAsync(TimeSpan.FromMinutes(15));
        Assert.Empty(Take(client));
        Assert.Single(_server.Attempts);
    }

    [Fact]
    public async Task Pauses_grow_to_30_seconds_and_trying_never_ends()
    {
        SignalingClient client = await JoinAsync('a');
        _server.Error = SignalingErrors.ConnectionRefused;
        _server.Restart();
        await _time.AdvanceAsync(TimeSpan.FromMinutes(40));
        TimeSpan[] pauses = [.. _server.Attempts.Zip(_server.Attempts.Skip(1), (a, b) => b - a).Skip(1)];
        Assert.InRange(pauses[0], TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(250));
        Assert.All(pauses, p => Assert.True(p <= TimeSpan.FromSeconds(30)));
        Assert.All(pauses[^10..], p => Assert.True(p >= TimeSpan.FromSeconds(15)));
        Assert.True(pauses[^10..].Distinct().Count() > 5);
        _server.Error = null;
        await _time.AdvanceUntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(31));
    }

    // What nothing answers takes its whole limit: with the pause after it the way back would take longer than an outage of minutes allows.
    [Fact]
    public async Task An_attempt_that_nothing_answers_is_its_own_pause()
    {
        SignalingClient client = await JoinAsync('a');
        _server.IsFrozen = true;
        _server.Restart();
        await _time.AdvanceAsync(TimeSpan.FromMinutes(3));
        TimeSpan[] pauses = [.. _server.Attempts.Zip(_server.Attempts.Skip(1), (a, b) => b - a).Skip(1)];
        Assert.All(pauses, p => Assert.InRange(p, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.1)));
        _server.IsFrozen = false;
        await _time.AdvanceUntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(11));
    }

    [Fact]
    public async Task A_change_of_addresses_ends_the_pause()
    {
        SignalingClient client = await JoinAsync('a');
        _server.Error = SignalingErrors.Unreachable;
        _server.Restart();
        await _time.AdvanceAsync(TimeSpan.FromMinutes(15));
        int attempts = _server.Attempts.Count;
        await _time.AdvanceUntilAsync(() => _server.Attempts.Count > attempts, TimeSpan.FromSeconds(31));
        _server.Error = null;
        client.ReconnectNow();
        await _time.AdvanceUntilAsync(() => client.IsConnected, TimeSpan.Zero);
    }

    [Fact]
    public async Task A_connection_whose_address_is_gone_is_replaced_at_once_and_with_its_ticket()
    {
        SignalingClient client = await JoinAsync('a');
        SignalingClient other = await JoinAsync('z');
        Take(client);
        Take(other);
        MemoryLink old = _server.FirstLink;
        old.Cut();
        old.HasLostAddress = true;
        client.ReconnectNow();
        await _time.AdvanceUntilAsync(() => client.Events.Count == 2, TimeSpan.FromSeconds(1));

        // The hub still lists the old socket: the ticket replaces it, and the others hear nothing.
        Assert.Equal(["SignalingLost", "SignalingJoined"], Take(client).Select(e => e.GetType().Name));
        Assert.Equal([("lobby", 2)], _server.Hub.Rooms);
        await _time.AdvanceUntilAsync(old.Served, TimeSpan.Zero);
        await _time.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(Take(other));
        Assert.Equal([("lobby", 2)], _server.Hub.Rooms);
    }

    [Fact]
    public async Task A_connection_whose_address_is_still_there_has_to_show_within_5_seconds_that_it_works()
    {
        SignalingClient client = await JoinAsync('a');
        client.ReconnectNow();
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(Take(client));
        _server.Link.Cut();
        client.ReconnectNow();
        await _time.AdvanceUntilAsync(() => client.Events.Count == 2, TimeSpan.FromSeconds(6));
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task A_member_that_is_gone_without_a_word_is_neither_listed_nor_counted_after_45_seconds()
    {
        SignalingClient stays = await JoinAsync('a');
        SignalingClient ghost = await JoinAsync('z');
        Take(stays);
        _server.Link.Cut();
        _server.Error = SignalingErrors.Unreachable;
        await _time.AdvanceAsync(TimeSpan.FromSeconds(46));
        Assert.Equal([("lobby", 1)], _server.Hub.Rooms);
        Assert.Equal([new SignalingPeerLeft(new string('z', 26))], Take(stays));
        Assert.False(ghost.IsConnected);
    }

    [Theory]
    [InlineData("room-full")]
    [InlineData("too-fast")]
    [InlineData("peer-id-taken")]
    [InlineData("too-many-rooms")]
    [InlineData("of-a-later-version")]
    public async Task A_refusal_that_may_pass_is_told_once_and_joining_tried_again(string code)
    {
        SignalingClient client = await JoinAsync('a');
        Take(client);
        _server.Error = code;
        _server.Restart();
        await _time.AdvanceAsync(TimeSpan.FromMinutes(10));
        List<SignalingEvent> events = Take(client);
        Assert.Single(events.OfType<SignalingLost>());
        Assert.Equal([new SignalingWarning($"It is {code}. Joining is tried again.")], events.OfType<SignalingWarning>());
        _server.Error = null;
        await _time.AdvanceUntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(31));
    }

    [Theory]
    [InlineData("unsupported-version")]
    [InlineData("bad-room")]
    [InlineData("bad-peer")]
    [InlineData("bad-token")]
    public async Task A_final_refusal_ends_the_client_with_its_reason(string code)
    {
        SignalingClient client = await JoinAsync('a');
        Take(client);
        _server.Error = code;
        _server.Restart();
        await _time.AdvanceUntilAsync(client.Events.Completion, Limit).WaitAsync(TimeSpan.FromSeconds(30)).ContinueWith(_ => { }, TaskScheduler.Default);
        List<SignalingEvent> events = Take(client);
        Assert.Equal(new SignalingRefused(code, $"It is {code}."), events[^1]);
        int attempts = _server.Attempts.Count;
        await _time.AdvanceAsync(TimeSpan.FromMinutes(15));
        Assert.Equal(attempts, _server.Attempts.Count);
        Assert.False(client.IsConnected);
    }

    [Fact]
    public async Task A_socket_that_does_not_answer_the_goodbye_is_dropped_after_5_seconds()
    {
        MemoryLink link = await _server.OpenAsync(default);
        await link.Client.SendAsync("no join"u8.ToArray(), default);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(4.9));
        Assert.False(link.Served.IsCompleted);
        await _time.AdvanceUntilAsync(link.Served, TimeSpan.FromSeconds(0.2));
        Assert.Contains("bad-message", await link.Client.ReceiveAsync(default), StringComparison.Ordinal);
        Assert.Null(await link.Client.ReceiveAsync(default));
        Assert.Equal(0, _server.Hub.Connections);
    }

    [Fact]
    public async Task A_full_room_is_entered_when_a_place_is_free_again()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { MaxMembersPerRoom = 1 });
        SignalingClient first = await server.JoinAsync('a');
        _clients.Add(first);
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => server.JoinAsync('z'));
        Assert.Equal("room-full", e.Code);
        await first.DisposeAsync();
        await _time.AdvanceUntilAsync(() => server.Hub.Rooms.Count == 0, Limit);
        _clients.Add(await server.JoinAsync('z'));
    }

    [Fact]
    public async Task Joins_are_allowed_again_after_a_minute()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { MaxJoinsPerMinute = 2 });
        _clients.Add(await server.JoinAsync('a'));
        await _time.AdvanceAsync(TimeSpan.FromSeconds(30));
        _clients.Add(await server.JoinAsync('b'));
        Assert.Equal("too-fast", (await Assert.ThrowsAsync<SignalingException>(() => server.JoinAsync('c'))).Code);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(29));
        Assert.Equal("too-fast", (await Assert.ThrowsAsync<SignalingException>(() => server.JoinAsync('c'))).Code);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(2));
        _clients.Add(await server.JoinAsync('c'));
        Assert.Equal("too-fast", (await Assert.ThrowsAsync<SignalingException>(() => server.JoinAsync('d'))).Code);
    }

    [Fact]
    public async Task A_server_that_is_not_up_yet_is_waited_for_as_long_as_the_options_say()
    {
        _server.Error = SignalingErrors.ConnectionRefused;
        Task<SignalingClient> joining = _server.JoinAsync('a', o => o with { Patience = TimeSpan.FromSeconds(60) });
        await _time.AdvanceAsync(TimeSpan.FromSeconds(50));
        Assert.False(joining.IsCompleted);
        _server.Error = null;
        _clients.Add(await _time.AdvanceUntilAsync(joining, TimeSpan.FromSeconds(10)));

        _server.Error = SignalingErrors.UnknownHost;
        Task<SignalingClient> failing = _server.JoinAsync('b', o => o with { Patience = TimeSpan.FromSeconds(60) });
        await _time.AdvanceAsync(TimeSpan.FromSeconds(59.9));
        Assert.False(failing.IsCompleted);
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => _time.AdvanceUntilAsync(failing, TimeSpan.FromSeconds(0.2)));
        Assert.Equal(SignalingErrors.UnknownHost, e.Code);
    }

    [Theory]
    [InlineData(SignalingErrors.WrongPin)]
    [InlineData(SignalingErrors.NeedsHttps)]
    [InlineData("room-full")]
    public async Task What_waiting_cannot_mend_is_told_at_once(string code)
    {
        _server.Error = code;
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => _server.JoinAsync('a', o => o with { Patience = TimeSpan.FromHours(1) }));
        Assert.Equal(code, e.Code);
        Assert.Single(_server.Attempts);
    }

    [Fact]
    public async Task A_socket_that_never_joins_is_closed_after_10_seconds()
    {
        ISignalingConnection silent = await _server.ConnectAsync(new Uri("http://memory/"), default);
        MemoryLink link = _server.Link;
        Task<string?> receiving = silent.ReceiveAsync(default).AsTask();
        await _time.AdvanceAsync(TimeSpan.FromSeconds(9.9));
        Assert.False(link.Served.IsCompleted);
        await _time.AdvanceUntilAsync(link.Served, TimeSpan.FromSeconds(0.2));
        Assert.Null(await receiving);
        Assert.Equal(0, _server.Hub.Connections);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (SignalingClient client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    private static List<SignalingEvent> Take(SignalingClient client)
    {
        var events = new List<SignalingEvent>();
        while (client.Events.TryRead(out SignalingEvent? e))
        {
            events.Add(e);
        }

        return events;
    }

    private async Task<SignalingClient> JoinAsync(char peer)
    {
        SignalingClient client = await _server.JoinAsync(peer);
        _clients.Add(client);
        await _time.AdvanceUntilAsync(() => client.Events.Count > 0, TimeSpan.FromSeconds(1));
        if (_clients.Count == 1)
        {
            Assert.IsType<SignalingJoined>(Assert.Single(Take(client)));
        }

        return client;
    }
}
