using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace EGoat.Signaling.Tests;

public sealed class SignalingHubTests : IAsyncLifetime
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Z = "zzzzzzzzzzzzzzzzzzzzzzzzzz";

    private static readonly SignalingHubOptions Options = new() { IceServers = [new IceServerEntry(["stun:stun.example.org"])] };

    private SignalingHub _hub = new(Options);
    private readonly List<TestSocket> _sockets = [];
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));

    [Fact]
    public async Task A_newcomer_learns_who_is_there_and_the_others_learn_of_it()
    {
        TestSocket a = Open();
        JsonObject joinedA = await JoinAsync(a, A);
        Assert.Empty(joinedA["peers"]!.AsArray());
        Assert.Equal("stun:stun.example.org", (string?)joinedA["iceServers"]![0]!["urls"]![0]);
        TestSocket z = Open();
        JsonObject joinedZ = await JoinAsync(z, Z);
        Assert.Equal(A, (string?)joinedZ["peers"]![0]);
        JsonObject notice = await a.ReadAsync();
        Assert.Equal("peer-joined", (string?)notice["type"]);
        Assert.Equal(Z, (string?)notice["peer"]);
        Assert.Equal([("lobby", 2)], _hub.Rooms);
    }

    [Fact]
    public async Task What_a_member_says_reaches_the_member_named_with_the_true_sender()
    {
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        a.Say(new JsonObject { ["type"] = "signal", ["to"] = Z, ["from"] = "forged", ["data"] = "{\"kind\":\"offer\"}" });
        JsonObject signal = await z.ReadAsync();
        Assert.Equal("signal", (string?)signal["type"]);
        Assert.Equal(A, (string?)signal["from"]);
        Assert.Equal("{\"kind\":\"offer\"}", (string?)signal["data"]);
    }

    [Fact]
    public async Task Somebody_who_is_not_there_is_an_error_that_keeps_the_socket()
    {
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        a.Say(new JsonObject { ["type"] = "signal", ["to"] = "\u001b[31m", ["data"] = "x" });
        JsonObject error = await a.ReadAsync();
        Assert.Equal(("unknown-peer", "The peer is not in the room."), ((string?)error["code"], (string?)error["message"]));
        a.Say(new JsonObject { ["type"] = "signal", ["to"] = PeerId(7), ["data"] = "x" });
        Assert.Equal($"{PeerId(7)} is not in the room.", (string?)(await a.ReadAsync())["message"]);
        a.Say(new JsonObject { ["type"] = "signal", ["to"] = A, ["data"] = "to myself" });
        Assert.Equal("unknown-peer", (string?)(await a.ReadAsync())["code"]);
        a.Say(new JsonObject { ["type"] = "signal", ["to"] = Z, ["data"] = "still here" });
        Assert.Equal("still here", (string?)(await z.ReadAsync())["data"]);
    }

    [Fact]
    public async Task A_closed_socket_is_announced_and_an_empty_room_is_gone()
    {
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        z.Close();
        JsonObject left = await a.ReadAsync();
        Assert.Equal("peer-left", (string?)left["type"]);
        Assert.Equal(Z, (string?)left["peer"]);
        a.Close();
        await a.Served;
        Assert.Empty(_hub.Rooms);
    }

    [Fact]
    public async Task The_ticket_lets_a_member_replace_its_old_socket_and_the_others_hear_nothing()
    {
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        string ticket = a.Ticket!;
        TestSocket again = Open();
        JsonObject joined = await JoinAsync(again, A, ticket);
        Assert.Equal(ticket, (string?)joined["ticket"]);
        await a.Served;
        again.Say(new JsonObject { ["type"] = "signal", ["to"] = Z, ["data"] = "me again" });
        JsonObject next = await z.ReadAsync();
        Assert.Equal("me again", (string?)next["data"]);
        Assert.Equal([("lobby", 2)], _hub.Rooms);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("000000000000000000000000000000000000000000000000")]
    public async Task Without_the_ticket_a_taken_peer_id_is_refused(string? ticket)
    {
        TestSocket a = Open();
        await JoinAsync(a, A);
        TestSocket thief = Open();
        Assert.Equal("peer-id-taken", (string?)(await JoinAsync(thief, A, ticket))["code"]);
        await thief.Served;
        Assert.Equal([("lobby", 1)], _hub.Rooms);
    }

    [Theory]
    [InlineData("""{"type":"join","v":2,"room":"lobby","peer":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "unsupported-version")]
    [InlineData("""{"type":"join","v":1,"room":"no such room!","peer":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "bad-room")]
    [InlineData("""{"type":"join","v":1,"room":"~lobby","peer":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "bad-room")]
    [InlineData("""{"type":"join","v":1,"peer":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "bad-room")]
    [InlineData("""{"type":"join","v":1,"room":"lobby","peer":"A"}""", "bad-peer")]
    [InlineData("""{"type":"signal","to":"x","data":"y"}""", "bad-message")]
    [InlineData("not json", "bad-message")]
    [InlineData("[]", "bad-message")]
    public async Task A_first_message_that_is_no_join_is_refused_with_its_reason(string message, string code)
    {
        TestSocket socket = Open();
        socket.Say(message);
        Assert.Equal(code, (string?)(await socket.ReadAsync())["code"]);
        await socket.Served;
        Assert.Empty(_hub.Rooms);
    }

    [Fact]
    public async Task A_second_join_ends_the_socket()
    {
        TestSocket a = Open();
        await JoinAsync(a, A);
        a.Say(new JsonObject { ["type"] = "join", ["v"] = 1, ["room"] = "other", ["peer"] = A });
        Assert.Equal("bad-message", (string?)(await a.ReadAsync())["code"]);
        await a.Served;
    }

    [Fact]
    public async Task A_full_room_refuses_one_more()
    {
        for (int i = 0; i < Options.MaxMembersPerRoom; i++)
        {
            await JoinAsync(Open($"address {i}"), PeerId(i));
        }

        Assert.Equal("room-full", (string?)(await JoinAsync(Open("another"), Z))["code"]);
    }

    [Fact]
    public async Task One_address_cannot_open_rooms_without_end_nor_join_without_pause()
    {
        for (int i = 0; i < Options.MaxRoomsPerAddress; i++)
        {
            await JoinAsync(Open(), PeerId(i), room: $"room{i}");
        }

        Assert.Equal("too-many-rooms", (string?)(await JoinAsync(Open(), A, room: "one-more"))["code"]);
        JsonObject last = [];
        for (int i = 0; i < Options.MaxJoinsPerMinute; i++)
        {
            last = await JoinAsync(Open(), "!");
            last = await JoinAsync(Open(), PeerId(1000 + i), room: $"room{i % 60}");
        }

        Assert.Equal("too-fast", (string?)last["code"]);
        Assert.Null((string?)(await JoinAsync(Open("another address"), Z))["code"]);
    }

    [Fact]
    public async Task A_member_that_does_not_read_is_dropped_and_the_others_go_on()
    {
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        z.StopsReading = true;
        var data = new string('x', 32 * 1024);
        for (int i = 0; i < (Options.MaxQueuedBytes / data.Length) + 2; i++)
        {
            a.Say(new JsonObject { ["type"] = "signal", ["to"] = Z, ["data"] = data });
        }

        await z.Served.WaitAsync(_limit.Token);
        JsonObject answer;
        do
        {
            answer = await a.ReadAsync();
        }
        while ((string?)answer["type"] != "peer-left");
        Assert.Equal([("lobby", 1)], _hub.Rooms);
    }

    [Fact]
    public async Task What_waits_for_members_that_do_not_read_is_bounded_in_all_and_gone_when_they_are()
    {
        const int members = 16;
        const int max = 256 * 1024;
        _hub = new SignalingHub(new SignalingHubOptions { MaxQueuedBytes = max, MaxQueuedBytesInAll = 4 * max });
        TestSocket sender = Open();
        await JoinAsync(sender, A);
        var silent = new List<TestSocket>();
        for (int i = 0; i < members; i++)
        {
            TestSocket socket = Open($"192.0.2.{i + 10}");
            await JoinAsync(socket, PeerId(i));
            socket.StopsReading = true;
            silent.Add(socket);
        }

        var data = new string('x', 32 * 1024);
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < members; i++)
            {
                sender.Say(new JsonObject { ["type"] = "signal", ["to"] = PeerId(i), ["data"] = data });
                Assert.True(_hub.QueuedBytes <= 4 * max);
            }
        }

        await Task.WhenAll(silent.Select(s => s.Served)).WaitAsync(_limit.Token);
        sender.Close();
        await sender.Served.WaitAsync(_limit.Token);
        Assert.Equal(0, _hub.QueuedBytes);
        Assert.Equal(0, _hub.Connections);
        Assert.Empty(_hub.Rooms);
    }

    [Theory]
    [InlineData("2001:db8:1:2::", "2001:db8:1:2:ffff::")]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1")]
    public async Task Places_of_a_room_are_kept_from_one_prefix_for_others(string address, string sameAddress)
    {
        for (int i = 0; i < Options.MaxMembersPerRoomAndAddress; i++)
        {
            string from = i % 2 == 0 ? sameAddress : address;
            Assert.Equal("joined", (string?)(await JoinAsync(Open(from), PeerId(i)))["type"]);
        }

        Assert.Equal("room-full", (string?)(await JoinAsync(Open(address), PeerId(100)))["code"]);
        Assert.Equal("room-full", (string?)(await JoinAsync(Open(sameAddress), PeerId(101)))["code"]);
        Assert.Equal("joined", (string?)(await JoinAsync(Open("2001:db8:1:3::1"), PeerId(102)))["type"]);
        Assert.Equal("joined", (string?)(await JoinAsync(Open("192.0.2.2"), PeerId(103)))["type"]);
    }

    [Fact]
    public async Task A_private_server_takes_nobody_without_its_token()
    {
        _hub = new SignalingHub(new SignalingHubOptions { AccessToken = "goat-cheese" });
        foreach (string? token in new[] { null, "", "goat-chees", "goat-cheese2" })
        {
            TestSocket socket = Open();
            socket.Say(new JsonObject { ["type"] = "join", ["v"] = 1, ["room"] = "lobby", ["peer"] = A, ["token"] = token });
            Assert.Equal("bad-token", (string?)(await socket.ReadAsync())["code"]);
        }

        TestSocket member = Open();
        member.Say(new JsonObject { ["type"] = "join", ["v"] = 1, ["room"] = "lobby", ["peer"] = A, ["token"] = "goat-cheese" });
        Assert.Equal("joined", (string?)(await member.ReadAsync())["type"]);
    }

    [Fact]
    public async Task Who_joins_is_refused_and_leaves_is_traced_without_what_strangers_say()
    {
        var lines = new List<string>();
        _hub = new SignalingHub(new SignalingHubOptions { Trace = lines.Add });
        (TestSocket a, TestSocket z) = await JoinBothAsync();
        TestSocket again = Open();
        await JoinAsync(again, Z, z.Ticket);
        await z.Served;
        TestSocket thief = Open("192.0.2.2");
        await JoinAsync(thief, A);
        await thief.Served;
        TestSocket stranger = Open("192.0.2.3");
        await JoinAsync(stranger, "\u001b[31m");
        await stranger.Served;
        again.Close();
        await again.Served;
        Assert.Equal(
            [
                $"{A} from 192.0.2.1 has joined lobby: 1 members",
                $"{Z} from 192.0.2.1 has joined lobby: 2 members",
                $"{Z} from 192.0.2.1 has joined lobby again: 2 members",
                $"{A} from 192.0.2.2 is refused: peer-id-taken",
                "somebody from 192.0.2.3 is refused: bad-peer",
                $"{Z} has left lobby: 1 members",
            ],
            lines);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _sockets.ForEach(s => s.Close());
        await Task.WhenAll(_sockets.Select(s => s.Served)).WaitAsync(_limit.Token);
        _limit.Dispose();
    }

    private static string PeerId(int number) => new string([.. Enumerable.Range(0, 26).Select(i => (char)('a' + ((number >> (i * 4)) & 15)))]);

    private TestSocket Open(string address = "192.0.2.1")
    {
        var socket = new TestSocket(_limit.Token);
        socket.Served = _hub.RunAsync(socket, address, _limit.Token);
        _sockets.Add(socket);
        return socket;
    }

    private static async Task<JsonObject> JoinAsync(TestSocket socket, string peer, string? ticket = null, string room = "lobby")
    {
        socket.Say(new JsonObject { ["type"] = "join", ["v"] = 1, ["room"] = room, ["peer"] = peer, ["ticket"] = ticket });
        JsonObject answer = await socket.ReadAsync();
        socket.Ticket = (string?)answer["ticket"];
        return answer;
    }

    private async Task<(TestSocket A, TestSocket Z)> JoinBothAsync()
    {
        TestSocket a = Open();
        TestSocket z = Open();
        await JoinAsync(a, A);
        await JoinAsync(z, Z);
        await a.ReadAsync();
        return (a, z);
    }

    /// <summary>The other end of a socket, in memory.</summary>
    private sealed class TestSocket(CancellationToken limit) : IMessageSocket
    {
        private readonly Channel<string> _toHub = Channel.CreateUnbounded<string>();
        private readonly Channel<string> _fromHub = Channel.CreateUnbounded<string>();

        public Task Served { get; set; } = Task.CompletedTask;

        public string? Ticket { get; set; }

        public bool StopsReading { get; set; }

        public void Say(JsonObject message) => Say(message.ToJsonString());

        public void Say(string message) => _toHub.Writer.TryWrite(message);

        public void Close() => _toHub.Writer.TryComplete();

        public async Task<JsonObject> ReadAsync() => JsonNode.Parse(await _fromHub.Reader.ReadAsync(limit))!.AsObject();

        public async ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await _toHub.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException)
            {
                return null;
            }
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            if (StopsReading)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            await _fromHub.Writer.WriteAsync(Encoding.UTF8.GetString(message.Span), cancellationToken);
        }

        public ValueTask CloseAsync(string reason)
        {
            Close();
            return ValueTask.CompletedTask;
        }
    }
}
