namespace EGoat.Signaling.Tests;

/// <summary>How much of what a server says is taken: each limit, and one more than it.</summary>
public sealed class ServerMessagesTests
{
    private static readonly Uri Server = new("https://example.org/");
    private readonly ServerMessages _messages = new(new string('a', 26));

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void A_ticket_has_256_characters_at_most(int length, bool isTaken)
    {
        string answer = $$"""{"type":"joined","v":1,"ticket":"{{new string('t', length)}}"}""";
        if (isTaken)
        {
            Assert.Equal(new SignalingJoined([], [], true) with { Peers = [], IceServers = [] }, Read(answer) with { Peers = [], IceServers = [] });
        }
        else
        {
            Assert.Equal(SignalingErrors.NotAServer, Assert.Throws<SignalingException>(() => Read(answer)).Code);
        }
    }

    [Theory]
    [InlineData(32, 16, 512, 32)]
    [InlineData(33, 16, 512, 32)]
    [InlineData(32, 17, 512, 0)]
    [InlineData(32, 16, 513, 0)]
    public void Of_STUN_and_TURN_servers_there_are_32_with_16_URLs_of_512_characters_at_most(int servers, int urls, int length, int taken)
    {
        string text = new('x', length);
        string server = $$"""{"urls":[{{string.Join(',', Enumerable.Repeat($"\"{text}\"", urls))}}],"username":"u","credential":"c"}""";
        Assert.Equal(taken, Read(Joined(string.Join(',', Enumerable.Repeat(server, servers)))).IceServers.Count);
        Assert.Equal(taken == servers, _messages.TakeWarning() is null);
    }

    [Theory]
    [InlineData("username")]
    [InlineData("credential")]
    public void What_a_TURN_server_is_asked_with_has_512_characters_at_most(string name)
    {
        Assert.Single(Read(Joined($$"""{"urls":["turn:x"],"{{name}}":"{{new string('x', 512)}}"}""")).IceServers);
        Assert.Empty(Read(Joined($$"""{"urls":["turn:x"],"{{name}}":"{{new string('x', 513)}}"}""")).IceServers);
    }

    [Fact]
    public void A_member_that_is_listed_twice_is_one() =>
        Assert.Equal([new string('z', 26)], Read($$"""{"type":"joined","v":1,"ticket":"t","peers":["{{new string('z', 26)}}","{{new string('z', 26)}}"]}""").Peers);

    [Fact]
    public void A_refusal_is_told_with_its_code_and_its_reason_both_of_bounded_length()
    {
        SignalingException e = Assert.Throws<SignalingException>(() => Read($$"""{"type":"error","code":"{{new string('c', 65)}}","message":"{{new string('m', 301)}}"}"""));
        Assert.Equal(new string('c', 64), e.Code);
        Assert.Equal($"The signaling server https://example.org refuses: {new string('m', 300)}…", e.Message);
        e = Assert.Throws<SignalingException>(() => Read($$"""{"type":"error","code":"room-full","message":"{{new string('m', 300)}}"}"""));
        Assert.Equal("room-full", e.Code);
        Assert.EndsWith($" {new string('m', 300)}", e.Message, StringComparison.Ordinal);
        Assert.Equal("bad-message", Assert.Throws<SignalingException>(() => Read("""{"type":"error"}""")).Code);
    }

    [Fact]
    public void What_was_left_out_is_told_once_for_a_connection()
    {
        Assert.Null(_messages.Read("no JSON"));
        Assert.Equal("The signaling server has sent a message that does not fit the protocol. It was left out, as others will be.", _messages.TakeWarning());
        Assert.Null(_messages.Read("no JSON"));
        Assert.Null(_messages.TakeWarning());
    }

    [Fact]
    public void An_error_about_one_message_is_no_reason_of_a_loss()
    {
        _messages.Read("""{"type":"error","code":"unknown-peer","message":"It is not here."}""");
        Assert.Null(_messages.LastError);
        _messages.Read("""{"type":"error","code":"bad-message","message":"Go."}""");
        Assert.Equal("The signaling server ended the connection: Go.", _messages.LastError);
        Assert.Null(_messages.TakeWarning());
    }

    private static string Joined(string servers) => $$"""{"type":"joined","v":1,"ticket":"t","iceServers":[{{servers}}]}""";

    private SignalingJoined Read(string answer) => _messages.ReadJoined(answer, Server, isRejoin: true, out _);
}
