namespace EGoat.Signaling.Tests;

/// <summary>What a server's URL carries for its client alone.</summary>
public sealed class SignalingUrlTests
{
    [Theory]
    [InlineData("https://example.org/", null)]
    [InlineData("https://example.org/#token=", "")]
    [InlineData("https://example.org/#token=goat", "goat")]
    [InlineData("https://example.org/#cert=x&token=goat%20%26%20cheese", "goat & cheese")]
    [InlineData("https://example.org/?token=goat", null)]
    [InlineData("https://example.org/#mytoken=goat", null)]
    [InlineData("example.org/#token=goat", null)]
    public void A_token_is_a_part_of_the_fragment(string url, string? token) => Assert.Equal(token, SignalingUrl.FindToken(new Uri(url, UriKind.RelativeOrAbsolute)));

    [Theory]
    [InlineData("https://example.org/goats", "https://example.org/goats#token=goat%20%26%20cheese")]
    [InlineData("https://example.org/#cert=x", "https://example.org/#cert=x&token=goat%20%26%20cheese")]
    public void A_token_is_added_to_what_the_fragment_has(string url, string expected)
    {
        Uri with = SignalingUrl.WithToken(new Uri(url), "goat & cheese");
        Assert.Equal(expected, with.AbsoluteUri);
        Assert.Equal("goat & cheese", SignalingUrl.FindToken(with));
    }

    [Fact]
    public void A_pin_is_the_hash_of_a_certificate_wherever_in_the_fragment_it_is()
    {
        string pin = CertificatePin.Format("certificate"u8);
        byte[]? hash = CertificatePin.FromUrl(new Uri($"https://example.org/#token=x&{pin}"));
        Assert.Equal(System.Security.Cryptography.SHA256.HashData("certificate"u8), hash);
        Assert.Null(CertificatePin.FromUrl(new Uri($"https://example.org/?{pin}")));
        Assert.Null(CertificatePin.FromUrl(new Uri($"https://example.org/#x{pin}")));
    }

    [Theory]
    [InlineData("http://example.org", "ws://example.org/signal")]
    [InlineData("https://example.org/", "wss://example.org/signal")]
    [InlineData("https://ada:pw@example.org:8443/goats/chat/?q#cert=x", "wss://example.org:8443/goats/chat/signal")]
    public void The_hub_stands_below_the_path_of_the_server(string server, string expected) => Assert.Equal(expected, WebSocketConnector.ToSocketUrl(new Uri(server)).AbsoluteUri);
}
