using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Signaling.Tests;

/// <summary>Slots: two sockets that meet under a number, and what each is told.</summary>
public sealed class SlotTests
{
    private readonly VirtualTime _time = new(seed: 1, maxStep: TimeSpan.FromHours(1));
    private readonly MemoryServer _server;

    public SlotTests() => _server = new MemoryServer(_time);

    [Fact]
    public async Task Two_that_meet_under_a_number_hear_each_other_and_nobody_else()
    {
        (Socket opener, int number) = await OpenSlotAsync();
        Socket guest = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
        Assert.Equal(number, (int?)(await guest.ReadAsync())["n"]);
        Assert.Equal("slot-joined", (string?)(await opener.ReadAsync())["type"]);
        opener.Say("""{"type":"slot-say","data":"knock"}""");
        Assert.Equal("knock", (string?)(await guest.ReadAsync())["data"]);
        guest.Say("""{"type":"slot-say","data":"who is there?"}""");
        JsonObject heard = await opener.ReadAsync();
        Assert.Equal(("slot-say", "who is there?"), ((string?)heard["type"], (string?)heard["data"]));
        Socket third = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
        Assert.Equal("slot-busy", (string?)(await third.ReadAsync())["code"]);
    }

    [Fact]
    public async Task The_guest_may_go_and_another_come_until_the_opener_goes()
    {
        (Socket opener, int number) = await OpenSlotAsync();
        for (int i = 0; i < 2; i++)
        {
            Socket guest = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
            Assert.Equal("slot", (string?)(await guest.ReadAsync())["type"]);
            Assert.Equal("slot-joined", (string?)(await opener.ReadAsync())["type"]);
            guest.Close();
            Assert.Equal("slot-left", (string?)(await opener.ReadAsync())["type"]);
            opener.Say("""{"type":"slot-say","data":"still there?"}""");
            Assert.Equal("nobody-there", (string?)(await opener.ReadAsync())["code"]);
        }

        Socket last = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
        await last.ReadAsync();
        opener.Close();
        Assert.Equal("slot-left", (string?)(await last.ReadAsync())["type"]);
        Socket late = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
        Assert.Equal("no-such-slot", (string?)(await late.ReadAsync())["code"]);
    }

    [Fact]
    public async Task A_slot_lapses_after_an_hour()
    {
        (Socket _, int number) = await OpenSlotAsync();
        MemoryLink link = _server.Link;
        await _time.AdvanceAsync(TimeSpan.FromMinutes(59));
        Assert.False(link.Served.IsCompleted);
        await _time.AdvanceUntilAsync(link.Served, TimeSpan.FromMinutes(2));
        Socket late = await OpenAsync("""{"type":"slot-join","v":1,"n":%}""", number);
        Assert.Equal("no-such-slot", (string?)(await late.ReadAsync())["code"]);
    }

    [Fact]
    public async Task One_address_holds_no_more_slots_than_its_share_and_their_numbers_differ()
    {
        var numbers = new HashSet<int>();
        for (int i = 0; i < new SignalingHubOptions().MaxSlotsPerAddress; i++)
        {
            Assert.True(numbers.Add((await OpenSlotAsync()).Number));
        }

        Assert.All(numbers, n => Assert.InRange(n, 1, 99));
        Socket more = await OpenAsync("""{"type":"slot-open","v":1}""", 0);
        Assert.Equal("too-many-slots", (string?)(await more.ReadAsync())["code"]);
    }

    [Theory]
    [InlineData("""{"type":"slot-join","v":1}""", "bad-message")]
    [InlineData("""{"type":"slot-join","v":1,"n":"7"}""", "bad-message")]
    [InlineData("""{"type":"slot-join","v":1,"n":99999999999}""", "bad-message")]
    [InlineData("""{"type":"slot-join","v":1,"n":-1}""", "no-such-slot")]
    [InlineData("""{"type":"slot-open","v":2}""", "unsupported-version")]
    [InlineData("""{"type":"slot-say","v":1,"data":"x"}""", "bad-message")]
    public async Task What_does_not_fit_is_refused_with_its_reason(string message, string code)
    {
        Socket socket = await OpenAsync(message, 0);
        Assert.Equal(code, (string?)(await socket.ReadAsync())["code"]);
    }

    private async Task<(Socket Opener, int Number)> OpenSlotAsync()
    {
        Socket opener = await OpenAsync("""{"type":"slot-open","v":1}""", 0);
        JsonObject answer = await opener.ReadAsync();
        Assert.Equal("slot", (string?)answer["type"]);
        return (opener, (int)answer["n"]!);
    }

    private async Task<Socket> OpenAsync(string first, int number)
    {
        var socket = new Socket(await _server.ConnectAsync(new Uri("http://memory/"), default));
        socket.Say(first.Replace("%", $"{number}", StringComparison.Ordinal));
        return socket;
    }

    private sealed class Socket(ISignalingConnection connection)
    {
        public void Say(string message) => _ = connection.SendAsync(System.Text.Encoding.UTF8.GetBytes(message), default).AsTask();

        public void Close() => connection.Dispose();

        public async Task<JsonObject> ReadAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            return JsonNode.Parse((await connection.ReceiveAsync(limit.Token))!)!.AsObject();
        }
    }
}
