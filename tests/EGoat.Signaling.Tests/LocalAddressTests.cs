using System.Net;

namespace EGoat.Signaling.Tests;

/// <summary>What a connection stands on: a socket of both families names its IPv4 address as an IPv6 one.</summary>
public sealed class LocalAddressTests
{
    // Networks for documentation (RFC 5737, RFC 3849), which no machine has.
    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("192.0.2.1", true)]
    [InlineData("::ffff:192.0.2.1", true)]
    [InlineData("2001:db8::1", true)]
    public void An_address_is_gone_when_the_machine_does_not_have_it(string address, bool isGone) => Assert.Equal(isGone, LocalAddress.IsGone(IPAddress.Parse(address)));
}
