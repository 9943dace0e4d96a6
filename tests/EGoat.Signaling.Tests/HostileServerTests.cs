using System.Text;
using EGoat.Testing;

namespace EGoat.Signaling.Tests;

/// <summary>A server that says what does not fit: it is left out and told once, and nothing ends but what the server ends.</summary>
public sealed class HostileServerTests : IAsyncLifetime
{
    private const string Own = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Other = "zzzzzzzzzzzzzzzzzzzzzzzzzz";

    private readonly VirtualTime _time = new(seed: 1, maxStep: TimeSpan.FromHours(1));
    private readonly List<SignalingClient> _clients = [];
    private MemoryLink _link = null!;

    [Theory]
    [InlineData("peers", "null")]
    [InlineData("peers", "\"\"")]
    [InlineData("peers", "\"__proto__\"")]
    [InlineData("peers", "\"aaaaaaaaaaaaaaaaaaaaaaaaaa\"")]
    [InlineData("iceServers", "null")]
    [InlineData("iceServers", "{}")]
    [InlineData("iceServers", "{\"urls\":null}")]
    [InlineData("iceServers", "{\"urls\":[]}")]
    [InlineData("iceServers", "{\"urls\":[null]}")]
    [InlineData("iceServers", "{\"urls\":[\"\"]}")]
    public async Task An_entry_that_does_not_fit_is_left_out_and_told_once_and_the_others_are_used(string list, string entry)
    {
        string good = list == "peers" ? $"\"{Other}\"" : "{\"urls\":[\"stun:example.org\"]}";
        SignalingClient client = await JoinAsync($$"""{"type":"joined","v":1,"ticket":"t","{{list}}":[{{entry}},{{good}},{{entry}}]}""");
        SignalingEvent[] events = await TakeAsync(client, 2);
        var joined = Assert.IsType<SignalingJoined>(events[0]);
        Assert.Equal(list == "peers" ? [Other] : [], joined.Peers);
        Assert.Equal(list == "peers" ? 0 : 1, joined.IceServers.Count);
        Assert.IsType<SignalingWarning>(events[1]);
        await AssertGoesOnAsync(client);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{\"type\":null}")]
    [InlineData("{\"type\":1}")]
    [InlineData("{\"type\":\"signal\"}")]
    [InlineData("{\"type\":\"signal\",\"from\":null,\"data\":\"x\"}")]
    [InlineData("{\"type\":\"signal\",\"from\":\"__proto__\",\"data\":\"x\"}")]
    [InlineData("{\"type\":\"signal\",\"from\":\"aaaaaaaaaaaaaaaaaaaaaaaaaa\",\"data\":\"x\"}")]
    [InlineData("{\"type\":\"signal\",\"from\":\"zzzzzzzzzzzzzzzzzzzzzzzzzz\",\"data\":null}")]
    [InlineData("{\"type\":\"signal\",\"from\":\"zzzzzzzzzzzzzzzzzzzzzzzzzz\",\"data\":{}}")]
    [InlineData("{\"type\":\"signal\",\"from\":\"zzzzzzzzzzzzzzzzzzzzzzzzzz\",\"data\":\"\\ud800\"}")]
    [InlineData("{\"type\":\"peer-joined\",\"peer\":\"x\"}")]
    [InlineData("{\"type\":\"peer-left\"}")]
    [InlineData("{\"type\":\"joined\",\"peers\":[null]}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[")]
    public async Task A_message_that_does_not_fit_is_left_out_and_told_once(string message)
    {
        SignalingClient client = await JoinAsync("""{"type":"joined","v":1,"ticket":"t"}""");
        Say(message);
        Say(message);
        SignalingEvent[] events = await TakeAsync(client, 2);
        Assert.IsType<SignalingWarning>(events[1]);
        await AssertGoesOnAsync(client);
    }

    [Theory]
    [InlineData("{\"type\":\"of-a-later-version\",\"peer\":7}")]
    [InlineData("{\"type\":\"pong\"}")]
    [InlineData("{\"type\":\"error\",\"code\":\"unknown-peer\"}")]
    public async Task What_says_nothing_to_the_room_is_no_event(string message)
    {
        SignalingClient client = await JoinAsync("""{"type":"joined","v":1,"ticket":"t"}""");
        await TakeAsync(client, 1);
        Say(message.Replace("7", "\"x\"", StringComparison.Ordinal));
        await AssertGoesOnAsync(client);
    }

    [Theory]
    [InlineData("{\"type\":\"joined\"}")]
    [InlineData("{\"type\":\"joined\",\"ticket\":null}")]
    [InlineData("{\"type\":\"joined\",\"ticket\":\"\"}")]
    [InlineData("{\"type\":\"joined\",\"ticket\":\"t\",\"peers\":\"x\"}")]
    [InlineData("HTTP/1.1 200 OK")]
    public async Task What_is_no_answer_to_a_join_is_not_a_signaling_server(string answer)
    {
        SignalingException e = await Assert.ThrowsAsync<SignalingException>(() => JoinAsync(answer));
        Assert.Equal(SignalingErrors.NotAServer, e.Code);
    }

    [Fact]
    public async Task A_list_of_invented_members_is_cut()
    {
        SignalingClient client = await JoinAsync($$"""{"type":"joined","v":1,"ticket":"t","peers":[{{string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"{new string([.. Enumerable.Range(0, 26).Select(k => (char)('a' + ((i >> (k * 4)) & 15)))])}\""))}}]}""");
        SignalingEvent[] events = await TakeAsync(client, 2);
        Assert.Equal(1024, Assert.IsType<SignalingJoined>(events[0]).Peers.Count);
    }

    [Fact]
    public async Task The_reason_that_a_server_gives_before_it_closes_is_the_reason_of_the_loss()
    {
        SignalingClient client = await JoinAsync("""{"type":"joined","v":1,"ticket":"t"}""");
        await TakeAsync(client, 1);
        Say("""{"type":"error","code":"bad-message","message":"No\u001b more."}""");
        _link.Close();
        Assert.Equal([new SignalingLost("The signaling server ended the connection: No\u001b more.")], await TakeAsync(client, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_that_arrives_ends_the_client(int seed)
    {
        SignalingClient client = await JoinAsync("""{"type":"joined","v":1,"ticket":"t"}""");
        await TakeAsync(client, 1);
        string[] seeds =
        [
            """{"type":"joined","v":1,"ticket":"t","peers":["zzzzzzzzzzzzzzzzzzzzzzzzzz"],"iceServers":[{"urls":["stun:x"],"username":"u","credential":"c"}]}""",
            """{"type":"signal","from":"zzzzzzzzzzzzzzzzzzzzzzzzzz","data":"{\"kind\":\"offer\"}"}""",
            """{"type":"error","code":"unknown-peer","message":"\u001b"}""",
            """{"type":"peer-joined","peer":"zzzzzzzzzzzzzzzzzzzzzzzzzz"}""",
        ];
        var random = new Random(seed);
        int count = LongRun.IsEnabled ? 350_000 : 3_000;
        for (int i = 0; i < count; i++)
        {
            Say(Mutate(seeds[random.Next(seeds.Length)], random));
            if (i % 500 == 0)
            {
                await AssertComesThroughAsync(client, $"{i}");
            }
        }

        await AssertComesThroughAsync(client, "the last");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (SignalingClient client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    private static string Mutate(string text, Random random)
    {
        var mutated = new StringBuilder(text);
        for (int i = random.Next(1, 5); i > 0 && mutated.Length > 0; i--)
        {
            int at = random.Next(mutated.Length);
            switch (random.Next(4))
            {
                case 0:
                    mutated[at] = (char)random.Next(0x20, 0x7f);
                    break;
                case 1:
                    mutated.Remove(at, random.Next(1, Math.Min(8, mutated.Length - at + 1)));
                    break;
                case 2:
                    mutated.Insert(at, new[] { "null", "[", "{", "\\ud800", "1e999", "\"", ",", "\u0000", "true", ":" }[random.Next(10)]);
                    break;
                default:
                    mutated.Insert(at, text[random.Next(text.Length)..]);
                    break;
            }
        }

        return mutated.ToString();
    }

    private void Say(string message) => _ = _link.Server.SendAsync(Encoding.UTF8.GetBytes(message), default).AsTask();

    private async Task AssertComesThroughAsync(SignalingClient client, string data)
    {
        Say($$"""{"type":"signal","from":"{{Other}}","data":"{{data}}"}""");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await client.Events.ReadAsync(limit.Token) != new SignalingReceived(Other, data))
        {
            // Of what was mutated some is still valid.
        }

        Assert.True(client.IsConnected);
    }

    private async Task AssertGoesOnAsync(SignalingClient client)
    {
        Say($$"""{"type":"signal","from":"{{Other}}","data":"hello"}""");
        Assert.Equal([new SignalingReceived(Other, "hello")], await TakeAsync(client, 1));
        Assert.True(client.IsConnected);
    }

    private static async Task<SignalingEvent[]> TakeAsync(SignalingClient client, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var events = new SignalingEvent[count];
        for (int i = 0; i < count; i++)
        {
            events[i] = await client.Events.ReadAsync(limit.Token);
        }

        return events;
    }

    private async Task<SignalingClient> JoinAsync(string answer)
    {
        _link = new MemoryLink(_time.Clock, TimeSpan.FromSeconds(45));
        Say(answer);
        SignalingClient client = await SignalingClient.ConnectAsync(
            new SignalingClientOptions { Server = new Uri("http://memory/"), Room = "lobby", Peer = Own, Time = _time.Clock, Connector = new OneLink(_link) }, default);
        _clients.Add(client);
        return client;
    }

    private sealed class OneLink(MemoryLink link) : ISignalingConnector
    {
        public Task<ISignalingConnection> ConnectAsync(Uri server, CancellationToken cancellationToken) => Task.FromResult(link.Client);
    }
}
