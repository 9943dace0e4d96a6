using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceServerTests
{
    // The examples of RFC 7064 section 3 and RFC 7065 appendix A among them.
    [Theory]
    [InlineData("stun:example.org", false, "example.org", 3478, IceServerTransport.Udp, "stun:example.org:3478")]
    [InlineData("stun:example.org:8000", false, "example.org", 8000, IceServerTransport.Udp, "stun:example.org:8000")]
    [InlineData("STUN:192.0.2.1", false, "192.0.2.1", 3478, IceServerTransport.Udp, "stun:192.0.2.1:3478")]
    [InlineData("stun:[2001:db8::1]", false, "2001:db8::1", 3478, IceServerTransport.Udp, "stun:[2001:db8::1]:3478")]
    [InlineData("stun:[2001:db8::1]:65535", false, "2001:db8::1", 65535, IceServerTransport.Udp, "stun:[2001:db8::1]:65535")]
    [InlineData("turn:example.org", true, "example.org", 3478, IceServerTransport.Udp, "turn:example.org:3478")]
    [InlineData("turn:example.org:8000", true, "example.org", 8000, IceServerTransport.Udp, "turn:example.org:8000")]
    [InlineData("turn:example.org?transport=udp", true, "example.org", 3478, IceServerTransport.Udp, "turn:example.org:3478")]
    [InlineData("turn:example.org?transport=tcp", true, "example.org", 3478, IceServerTransport.Tcp, "turn:example.org:3478?transport=tcp")]
    [InlineData("turn:example.org:8000?transport=TCP", true, "example.org", 8000, IceServerTransport.Tcp, "turn:example.org:8000?transport=tcp")]
    [InlineData("turn:[2001:db8::1]:8000?transport=tcp", true, "2001:db8::1", 8000, IceServerTransport.Tcp, "turn:[2001:db8::1]:8000?transport=tcp")]
    [InlineData("turns:example.org", true, "example.org", 5349, IceServerTransport.Tls, "turns:example.org:5349")]
    [InlineData("turns:example.org:443", true, "example.org", 443, IceServerTransport.Tls, "turns:example.org:443")]
    [InlineData("turns:example.org?transport=tcp", true, "example.org", 5349, IceServerTransport.Tls, "turns:example.org:5349")]
    public void URIs_are_read_and_written(string url, bool isTurn, string host, int port, IceServerTransport transport, string written)
    {
        IceServer server = IceServer.Parse(url, "goat", "cheese");
        Assert.Equal((isTurn, host, port, transport), (server.IsTurn, server.Host, server.Port, server.Transport));
        Assert.Equal(("goat", "cheese"), (server.Username, server.Credential));
        Assert.Equal(written, server.ToString());
        Assert.Equal(server, IceServer.Parse(written, "goat", "cheese"));
        Assert.True(IceServer.TryParse(url, "goat", "cheese", out IceServer? tried));
        Assert.Equal(server, tried);
    }

    [Fact]
    public void A_server_without_a_credential_has_empty_ones()
    {
        IceServer server = IceServer.Parse("stun:example.org");
        Assert.Equal(("", ""), (server.Username, server.Credential));
    }

    [Theory]
    [InlineData("", "has no scheme")]
    [InlineData("example.org", "has no scheme")]
    [InlineData("http:example.org", "'http'")]
    [InlineData("stuns:example.org", "'stuns'")]
    [InlineData("stun:", "has no host")]
    [InlineData("stun::3478", "has no host")]
    [InlineData("stun://example.org", "'//example.org'")]
    [InlineData("turn:goat@example.org", "'goat@example.org'")]
    [InlineData("stun:exa mple.org", "'exa mple.org'")]
    [InlineData("stun:example.org:0", "'0'")]
    [InlineData("stun:example.org:65536", "'65536'")]
    [InlineData("stun:example.org:-1", "'-1'")]
    [InlineData("stun:example.org:", "port")]
    [InlineData("stun:example.org:port", "'port'")]
    [InlineData("stun:2001:db8::1", "'db8::1'")]
    [InlineData("stun:[2001:db8::1", "'[2001:db8::1'")]
    [InlineData("stun:[2001:db8::1]x", "'[2001:db8::1]x'")]
    [InlineData("stun:[example.org]", "'[example.org]'")]
    [InlineData("stun:[192.0.2.1]", "'[192.0.2.1]'")]
    [InlineData("stun:2001]", "'2001]'")]
    [InlineData("stun:example.org?transport=udp", "'transport=udp'")]
    [InlineData("turn:example.org?transport=sctp", "'transport=sctp'")]
    [InlineData("turn:example.org?transport=", "'transport='")]
    [InlineData("turn:example.org?", "'?'")]
    [InlineData("turns:example.org?transport=udp", "'transport=udp'")]
    public void What_cannot_be_used_is_named(string url, string named)
    {
        FormatException error = Assert.Throws<FormatException>(() => IceServer.Parse(url));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(IceServer.TryParse(url, null, null, out _));
    }

    [Theory]
    [InlineData("stun:example.org", "stun:example.org:3478", "", "")]
    [InlineData("turn:goat:cheese@example.org", "turn:example.org:3478", "goat", "cheese")]
    [InlineData("turn:goat:a:b@c@[2001:db8::1]:8000?transport=tcp", "turn:[2001:db8::1]:8000?transport=tcp", "goat", "a:b@c")]
    [InlineData("turns:goat:cheese@example.org:443", "turns:example.org:443", "goat", "cheese")]
    public void A_line_of_an_option_is_a_server_with_its_credential(string text, string url, string username, string credential)
    {
        Assert.True(IceServer.TryParse(text, out IceServer? server));
        Assert.Equal((url, username, credential), (server.ToString(), server.Username, server.Credential));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.org")]
    [InlineData("turn:example.org")]
    [InlineData("turn:goat@example.org")]
    [InlineData("turn:goat:cheese@")]
    [InlineData("stun:goat:cheese@example.org")]
    [InlineData("goat:cheese@example.org")]
    [InlineData("@stun:example.org")]
    public void A_line_of_an_option_that_lacks_something_or_has_too_much_is_refused(string text) => Assert.False(IceServer.TryParse(text, out _));

    [Fact]
    public void An_endless_URI_is_refused_and_not_repeated_in_the_message()
    {
        FormatException error = Assert.Throws<FormatException>(() => IceServer.Parse("stun:" + new string('a', 10_000)));
        Assert.InRange(error.Message.Length, 1, 200);
    }
}
