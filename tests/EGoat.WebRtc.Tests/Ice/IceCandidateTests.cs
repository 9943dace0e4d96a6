using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceCandidateTests
{
    [Theory]
    [InlineData("candidate:1 1 udp 2130706431 192.0.2.1 54400 typ host", IceCandidateType.Host, "192.0.2.1:54400")]
    [InlineData("a=candidate:842163049 1 UDP 1677729535 203.0.113.7 3478 typ srflx raddr 10.0.0.1 rport 5000 generation 0 ufrag EEtu", IceCandidateType.ServerReflexive, "203.0.113.7:3478")]
    [InlineData("candidate:3 1 udp 41885439 2001:db8::7 3478 typ relay raddr :: rport 0", IceCandidateType.Relayed, "[2001:db8::7]:3478")]
    public void Lines_as_browsers_write_them_are_read(string line, IceCandidateType type, string address)
    {
        Assert.True(IceCandidate.TryParse(line, out IceCandidate? candidate));
        Assert.Equal(type, candidate!.Type);
        Assert.Equal(address, candidate.Address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("candidate:")]
    [InlineData("candidate:1 1 udp 2113937151 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 10004 typ host")]
    [InlineData("candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active")]
    [InlineData("candidate:1 2 udp 2130706430 192.0.2.1 54400 typ host")]
    [InlineData("candidate:1 1 udp 99999999999 192.0.2.1 54400 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 65536 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 0 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 1000 typ alien")]
    [InlineData("candidate:1 1 udp 1 fe80::1%eth0 1000 typ host")]
    [InlineData("candidate:1 1 udp 1 0.0.0.0 1000 typ host")]
    [InlineData("candidate:1 1 udp 1 224.0.0.251 5353 typ host")]
    [InlineData("candidate:1 1 udp 1 239.255.255.250 1900 typ host")]
    [InlineData("candidate:1 1 udp 1 255.255.255.255 1000 typ host")]
    [InlineData("candidate:1 1 udp 1 :: 1000 typ host")]
    [InlineData("candidate:1 1 udp 1 ff02::fb 5353 typ host")]
    [InlineData("candidate:1 1 udp 1 ::ffff:224.0.0.1 1000 typ host")]
    [InlineData("candidate:1 1 udp 0 192.0.2.1 1000 typ host")]
    [InlineData("candidate:1 1 udp 2147483648 192.0.2.1 1000 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 1000 host typ")]
    [InlineData("candidate:ein-stein 1 udp 1 192.0.2.1 1000 typ host")]
    [InlineData("candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 1000 typ host")]
    public void Lines_that_cannot_be_used_are_refused(string line) => Assert.False(IceCandidate.TryParse(line, out _));

    [Fact]
    public void A_line_of_more_than_512_characters_is_refused()
    {
        string line = "candidate:1 1 udp 1 192.0.2.1 1000 typ host x ".PadRight(IceCandidate.MaxTextLength, 'y');
        Assert.True(IceCandidate.TryParse(line, out _));
        Assert.False(IceCandidate.TryParse(line + "y", out _));
    }

    // RFC 8445 section 5.1.2.2.
    [Fact]
    public void Kinds_are_preferred_in_the_order_host_peer_reflexive_server_reflexive_relayed()
    {
        IceCandidateType[] types = [IceCandidateType.Host, IceCandidateType.PeerReflexive, IceCandidateType.ServerReflexive, IceCandidateType.Relayed];
        Assert.Equal([126u, 110u, 100u, 0u], types.Select(t => IceCandidate.ComputePriority(t, 0) >> 24));
    }

    [Fact]
    public void A_host_candidate_is_written_as_RFC_8839_says_and_read_back()
    {
        Assert.True(TransportAddress.TryParse("192.0.2.1", 5000, out TransportAddress address));
        IceCandidate candidate = IceCandidate.CreateHost(address, address, 65535);
        Assert.Equal(2130706431u, candidate.Priority); // RFC 8445 section 5.1.2.1: 126 << 24 | 65535 << 8 | 255
        Assert.True(IceCandidate.TryParse(candidate.ToString(), out IceCandidate? parsed));
        Assert.Equal(candidate, parsed);
    }
}
