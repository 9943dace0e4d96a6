using System.Text;
using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Signaling.Tests;

/// <summary>What a hub allows, to the last one, and that it is allowed again later. In virtual time.</summary>
public sealed class HubLimitsTests : IAsyncLifetime
{
    private readonly VirtualTime _time = new(seed: 1, maxStep: TimeSpan.FromSeconds(1));
    private readonly List<SignalingClient> _clients = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (SignalingClient client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_member_that_says_more_than_its_share_is_read_more_slowly_and_saves_up_no_more_than_a_burst()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { MaxMessagesPerSecond = 10, MessageBurst = 5 });
        SignalingClient a = await JoinAsync(server, 'a');
        SignalingClient z = await JoinAsync(server, 'z');
        for (int round = 0; round < 2; round++)
        {
            Count<SignalingReceived>(z);
            for (int i = 0; i < 25; i++)
            {
                await a.SendAsync(new string('z', 26), $"{i}", default);
            }

            await _time.AdvanceAsync(TimeSpan.Zero);
            Assert.Equal(5, Count<SignalingReceived>(z));
            await _time.AdvanceAsync(TimeSpan.FromSeconds(1.01));
            Assert.Equal(10, Count<SignalingReceived>(z));
            await _time.AdvanceAsync(TimeSpan.FromSeconds(0.5));
            Assert.Equal(5, Count<SignalingReceived>(z));
            await _time.AdvanceAsync(TimeSpan.FromMinutes(10));
        }
    }

    [Fact]
    public async Task What_is_said_in_a_slot_has_the_same_rate()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { MaxMessagesPerSecond = 10, MessageBurst = 5 });
        MemoryLink link = await server.OpenAsync(default);
        await SayAsync(link, """{"type":"slot-open","v":1}""");
        Assert.Equal("slot", (await ReadAsync(link))["type"]!.GetValue<string>());
        for (int i = 0; i < 25; i++)
        {
            await SayAsync(link, """{"type":"ping"}""");
        }

        for (int i = 0; i < 5; i++)
        {
            await ReadAsync(link);
        }

        // The others come at ten a second.
        DateTimeOffset begin = _time.Clock.GetUtcNow();
        for (int i = 1; i <= 20; i++)
        {
            Task<JsonObject> next = ReadAsync(link);
            Assert.Equal("pong", (await _time.AdvanceUntilAsync(next, TimeSpan.FromSeconds(5)))["type"]!.GetValue<string>());
            Assert.True(_time.Clock.GetUtcNow() - begin >= TimeSpan.FromSeconds(0.1 * i));
        }
    }

    [Fact]
    public async Task A_room_that_is_gone_counts_no_longer_against_who_has_opened_it()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { MaxRoomsPerAddress = 2 });
        SignalingClient first = await JoinAsync(server, 'a', "one");
        await JoinAsync(server, 'b', "two");
        await JoinAsync(server, 'c', "two");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("too-many-rooms", (await Assert.ThrowsAsync<SignalingException>(() => JoinAsync(server, 'd', "three"))).Code);
            await first.DisposeAsync();
            await _time.AdvanceUntilAsync(() => server.Hub.Rooms.Count == 1, TimeSpan.FromSeconds(1));
            first = await JoinAsync(server, 'a', $"again{i}");
        }
    }

    [Fact]
    public async Task A_private_server_is_joined_with_the_token_of_its_URL()
    {
        var server = new MemoryServer(_time, new SignalingHubOptions { AccessToken = "goat & cheese" });
        Assert.Equal("bad-token", (await Assert.ThrowsAsync<SignalingException>(() => JoinAsync(server, 'a'))).Code);
        SignalingClient client = await server.JoinAsync('a', o => o with { Server = SignalingUrl.WithToken(o.Server, "goat & cheese") });
        _clients.Add(client);
        await _time.AdvanceUntilAsync(() => client.IsConnected, TimeSpan.FromSeconds(1));
        server.Link.Close();
        await _time.AdvanceUntilAsync(() => client.Events.Count == 3, TimeSpan.FromSeconds(1));
        Assert.True(client.IsConnected); // joined, lost, joined again
    }

    [Fact]
    public async Task A_slot_ends_with_its_server()
    {
        using var stop = new CancellationTokenSource();
        var hub = new SignalingHub(new SignalingHubOptions { Time = _time.Clock });
        var link = new MemoryLink(_time.Clock, TimeSpan.FromSeconds(45));
        Task served = hub.RunAsync(link.Server, "192.0.2.1", stop.Token);
        await SayAsync(link, """{"type":"slot-open","v":1}""");
        await ReadAsync(link);
        Assert.Equal(1, hub.Connections);
        await stop.CancelAsync();
        await _time.AdvanceUntilAsync(served, TimeSpan.FromSeconds(1));
        Assert.Equal(0, hub.Connections);
    }

    [Fact]
    public async Task Who_wants_more_than_there_is_takes_nothing_from_others()
    {
        var budget = new HubQueueBudget(10);
        Assert.True(budget.TryTake(9));
        var hasBegun = new TaskCompletionSource();
        var isOver = new TaskCompletionSource();
        Task greedy = Task.Run(() =>
        {
            hasBegun.SetResult();
            while (!isOver.Task.IsCompleted)
            {
                Assert.False(budget.TryTake(2));
            }
        });
        await hasBegun.Task;
        int refused = 0;
        for (int i = 0; i < 5_000_000; i++)
        {
            if (budget.TryTake(1))
            {
                budget.Return(1);
            }
            else
            {
                refused++;
            }
        }

        isOver.SetResult();
        await greedy;
        Assert.Equal((0, 9), (refused, budget.Used));
    }

    [Fact]
    public void An_address_is_remembered_for_as_long_as_its_joins_count()
    {
        var rate = new JoinRate(2, _time.Clock);
        Assert.True(rate.TryCount("192.0.2.1"));
        _time.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.True(rate.TryCount("192.0.2.2"));
        Assert.Equal(2, rate.Count);
        _time.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(rate.TryCount("192.0.2.3"));
        Assert.Equal(2, rate.Count);
        _time.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.True(rate.TryCount("192.0.2.3"));
        Assert.False(rate.TryCount("192.0.2.3"));
        Assert.Equal(2, rate.Count); // they are looked through once a minute
        _time.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(rate.TryCount("192.0.2.3"));
        Assert.Equal(1, rate.Count);
    }

    [Theory]
    [InlineData(0, 0.2)]
    [InlineData(4, 0.2)]
    [InlineData(10, 0.5)]
    [InlineData(100, 5)]
    [InlineData(600, 30)]
    [InlineData(86_400, 30)]
    public void A_pause_is_a_twentieth_of_the_outage_within_bounds_and_half_of_it_random(double outage, double longest)
    {
        double[] pauses = [.. Enumerable.Range(0, 1000).Select(_ => BackOff.Next(TimeSpan.FromSeconds(outage), TimeSpan.FromSeconds(30)).TotalSeconds)];
        Assert.InRange(pauses.Min(), 0.5 * longest, 0.6 * longest);
        Assert.InRange(pauses.Max(), 0.9 * longest, longest);
    }

    [Theory]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaa27", true)]
    [InlineData("zzzzzzzzzzzzzzzzzzzzzzzzzz", true)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa1", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa8", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaA", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa{", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa`", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData(null, false)]
    public void A_peer_id_is_26_characters_of_base32_and_a_room_with_a_key_is_called_by_one(string? id, bool isOne)
    {
        Assert.Equal(isOne, SignalingLimits.IsPeerId(id));
        Assert.Equal(isOne, SignalingLimits.IsRoomName($"~{id}"));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("Küche-2_b.c", true)]
    [InlineData("", false)]
    [InlineData("~", false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData(null, false)]
    public void A_room_name_has_letters_digits_and_three_signs(string? name, bool isOne) => Assert.Equal(isOne, SignalingLimits.IsRoomName(name));

    [Fact]
    public void A_room_name_has_64_characters_at_most()
    {
        Assert.True(SignalingLimits.IsRoomName(new string('a', 64)));
        Assert.False(SignalingLimits.IsRoomName(new string('a', 65)));
    }

    private static int Count<T>(SignalingClient client)
    {
        int count = 0;
        while (client.Events.TryRead(out SignalingEvent? e))
        {
            count += e is T ? 1 : 0;
        }

        return count;
    }

    private static async Task SayAsync(MemoryLink link, string message) => await link.Client.SendAsync(Encoding.UTF8.GetBytes(message), default);

    private static async Task<JsonObject> ReadAsync(MemoryLink link) => JsonNode.Parse((await link.Client.ReceiveAsync(default))!)!.AsObject();

    private async Task<SignalingClient> JoinAsync(MemoryServer server, char peer, string room = "lobby")
    {
        SignalingClient client = await server.JoinAsync(peer, o => o with { Room = room });
        _clients.Add(client);
        return client;
    }
}
