using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Tests.Dtls;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.Tests;

/// <summary>Offers and answers: restarts of ICE, and descriptions of peers that write them differently.</summary>
public sealed class NegotiationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_address_goes_and_another_comes_and_nothing_is_lost(bool firstOffererRestarts)
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Terrible);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out DataChannel a, out DataChannel z);
        const int count = 1000;
        for (int i = 0; i < count; i++)
        {
            a.Send(network.Now, SctpTransferTests.Number(i), false);
            z.Send(network.Now, SctpTransferTests.Number(count + i), false);
        }

        (int AtA, int AtZ) received = default;
        network.Run(() => Receive() && received.AtZ > 100, Limit);
        A.RemoveAddresses();
        A.AddAddress("198.51.100.1");
        if (firstOffererRestarts)
        {
            Restart(network, A, Z);
        }
        else
        {
            Restart(network, Z, A);
        }

        Assert.True(network.Run(() => Receive() && received == (count, count), TimeSpan.FromMinutes(5)), $"{received} of {count} arrived; {network.Describe()}");
        Assert.Equal("198.51.100.1:5000", Z.Connection.RemoteAddress.ToString());
        Assert.DoesNotContain(PeerConnectionState.Failed, A.States);
        Assert.Equal((DataChannelState.Open, DataChannelState.Open), (a.ReadyState, z.ReadyState));

        bool Receive()
        {
            received.AtZ += SctpTransferTests.Receive(network, z, received.AtZ);
            received.AtA += SctpTransferTests.Receive(network, a, count + received.AtA);
            return true;
        }
    }

    [Fact]
    public void A_restart_gives_both_sides_new_credentials_and_numbers_its_descriptions()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out _, out _);
        (string? ufragOfA, string? ufragOfZ) = (A.Connection.LocalUsernameFragment, Z.Connection.LocalUsernameFragment);
        (string offer, string answer) = Restart(network, A, Z);
        Assert.NotEqual(ufragOfA, A.Connection.LocalUsernameFragment);
        Assert.NotEqual(ufragOfZ, Z.Connection.LocalUsernameFragment);
        Assert.Contains($"a=ice-ufrag:{A.Connection.LocalUsernameFragment}\r\n", offer, StringComparison.Ordinal);
        Assert.Contains("a=setup:actpass\r\n", offer, StringComparison.Ordinal);
        Assert.Contains("a=setup:active\r\n", answer, StringComparison.Ordinal);
        Assert.Matches("o=- [0-9]+ 2 IN", offer);
        network.Run(TimeSpan.FromMinutes(2));
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected], A.States);
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected], Z.States);
    }

    [Fact]
    public void The_old_path_carries_on_while_nobody_answers_the_offer_to_restart()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out DataChannel a, out DataChannel z);
        A.Connection.RestartIce();
        A.Connection.CreateOffer(network.Now);
        network.Run(TimeSpan.FromMinutes(2));
        a.Send(network.Now, "hi"u8, true);
        Assert.True(network.Run(() => z.HasMessage, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal((PeerConnectionState.Connected, PeerConnectionState.Connected), (A.Connection.State, Z.Connection.State));
        Restart(network, A, Z);
        network.Run(TimeSpan.FromMinutes(2));
        Assert.Equal((PeerConnectionState.Connected, PeerConnectionState.Connected), (A.Connection.State, Z.Connection.State));
    }

    [Fact]
    public void A_restart_after_10_seconds_of_silence_brings_the_connection_back()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out DataChannel a, out DataChannel z);
        Z.RemoveAddresses();
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Disconnected, TimeSpan.FromSeconds(20)), network.Describe());
        Z.AddAddress("198.51.100.2");
        Restart(network, A, Z);
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected && Z.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(2)), network.Describe());
        a.Send(network.Now, "hi"u8, true);
        Assert.True(network.Run(() => z.HasMessage, TimeSpan.FromSeconds(5)), network.Describe());
    }

    [Fact]
    public void An_offer_that_is_repeated_changes_nothing()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now);
        A.Connection.AcceptAnswer(network.Now, Z.Connection.AcceptOffer(network.Now, offer));
        Assert.True(network.Run(() => Z.Connection.State == PeerConnectionState.Connected, Limit), network.Describe());
        string? ufrag = Z.Connection.LocalUsernameFragment;
        string answer = Z.Connection.AcceptOffer(network.Now, offer);
        Assert.Contains($"a=ice-ufrag:{ufrag}\r\n", answer, StringComparison.Ordinal);
        network.Run(TimeSpan.FromMinutes(2));
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected], Z.States);
    }

    [Fact]
    public void Offers_out_of_turn_are_misuse()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out _, out _);
        Assert.Throws<InvalidOperationException>(() => A.Connection.CreateOffer(network.Now));
        A.Connection.RestartIce();
        string offer = A.Connection.CreateOffer(network.Now);
        string answer = Z.Connection.AcceptOffer(network.Now, offer);
        Assert.Throws<InvalidOperationException>(() => A.Connection.AcceptOffer(network.Now, offer));
        A.Connection.AcceptAnswer(network.Now, answer);
        Assert.Throws<InvalidOperationException>(() => A.Connection.AcceptAnswer(network.Now, answer));
        A.Connection.Close();
        Assert.Throws<InvalidOperationException>(() => A.Connection.AcceptOffer(network.Now, offer));
    }

    [Theory]
    [InlineData("a=fingerprint:sha-256 .*\r\n", "a=fingerprint:sha-256 00:00\r\n", "certificate has changed")]
    [InlineData("a=setup:actpass", "a=setup:active", "exchanges the roles")]
    public void A_later_offer_cannot_change_what_DTLS_has_agreed(string pattern, string replacement, string error)
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out _, out _);
        A.Connection.RestartIce();
        string offer = System.Text.RegularExpressions.Regex.Replace(A.Connection.CreateOffer(network.Now), pattern, replacement);
        Assert.Contains(error, Assert.Throws<FormatException>(() => Z.Connection.AcceptOffer(network.Now, offer)).Message, StringComparison.Ordinal);
        Assert.Equal(PeerConnectionState.Connected, Z.Connection.State);
    }

    [Fact]
    public void An_answer_to_a_restart_that_names_the_other_role_keeps_the_connection_and_the_roles()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out DataChannel a, out DataChannel z);
        A.Connection.RestartIce();
        string answer = Z.Connection.AcceptOffer(network.Now, A.Connection.CreateOffer(network.Now));
        Assert.Contains("a=setup:active", answer, StringComparison.Ordinal);
        A.Connection.AcceptAnswer(network.Now, answer.Replace("a=setup:active", "a=setup:passive", StringComparison.Ordinal));
        a.Send(network.Now, "after"u8, true);
        Assert.True(network.Run(() => z.HasMessage, TimeSpan.FromSeconds(5)), network.Describe());
        network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal([PeerConnectionState.Connecting, PeerConnectionState.Connected], A.States);
        Assert.Equal(DtlsRole.Server, A.Connection.GetStats(network.Now).Transport.DtlsRole);

        Z.Connection.RestartIce();
        Assert.Contains("a=setup:passive", A.Connection.AcceptOffer(network.Now, Z.Connection.CreateOffer(network.Now)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_to_a_restart_with_another_certificate_is_refused()
    {
        var network = new SimulatedNetwork(1);
        (SimulatedPeer A, SimulatedPeer Z) = Connect(network, out _, out _);
        A.Connection.RestartIce();
        string answer = Z.Connection.AcceptOffer(network.Now, A.Connection.CreateOffer(network.Now));
        answer = System.Text.RegularExpressions.Regex.Replace(answer, "a=fingerprint:sha-256 .*\r\n", "a=fingerprint:sha-256 00:00\r\n");
        Assert.Contains("certificate has changed", Assert.Throws<FormatException>(() => A.Connection.AcceptAnswer(network.Now, answer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Candidates_may_come_before_the_offer()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string[] lines = A.Connection.CreateOffer(network.Now).Split("\r\n");
        foreach (string candidate in lines.Where(l => l.StartsWith("a=candidate", StringComparison.Ordinal)))
        {
            Assert.True(Z.Connection.AddRemoteCandidate(network.Now, candidate[2..]));
        }

        string answer = Z.Connection.AcceptOffer(network.Now, string.Join("\r\n", lines.Where(l => !l.StartsWith("a=candidate", StringComparison.Ordinal))));
        network.Run(TimeSpan.FromMilliseconds(200));
        A.Connection.AcceptAnswer(network.Now, answer);
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected, Limit), network.Describe());
    }

    // The peer has found its path by then: its checks were answered. Its ClientHello waits.
    [Fact]
    public void What_the_peer_says_before_its_answer_has_come_is_answered_as_soon_as_that_has()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "egoat");
        string answer = Z.Connection.AcceptOffer(network.Now, A.Connection.CreateOffer(network.Now));
        Assert.Contains("a=setup:active", answer, StringComparison.Ordinal);
        network.Run(TimeSpan.FromMilliseconds(600)); // Z's ClientHello has come twice; its timer ends in 150 ms
        A.Connection.AcceptAnswer(network.Now, answer);
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Open, TimeSpan.FromMilliseconds(14)), network.Describe());
    }

    [Fact]
    public void An_address_that_is_filtered_out_stands_in_no_description()
    {
        var network = new SimulatedNetwork(1);
        var options = new PeerConnectionOptions { Certificate = DtlsPeer.CertificateA, Ice = new IceAgentOptions { AddressFilter = a => !a.ToString().StartsWith("192.0.2.1:", StringComparison.Ordinal) } };
        using var connection = new PeerConnection(options, new SeededEntropy(1));
        Assert.False(connection.AddLocalCandidate(network.Now, Host("192.0.2.1")));
        Assert.True(connection.AddLocalCandidate(network.Now, Host("192.0.2.3")));
        string offer = connection.CreateOffer(network.Now);
        Assert.DoesNotContain("192.0.2.1", offer, StringComparison.Ordinal);
        Assert.Contains("192.0.2.3", offer, StringComparison.Ordinal);
        Assert.EndsWith($" ufrag {connection.LocalUsernameFragment}", connection.DescribeCandidate(Host("192.0.2.3")), StringComparison.Ordinal);
    }

    /// <summary>What other implementations write, each as a change to our own description.</summary>
    public static TheoryData<string, string, string> Variants { get; } = new()
    {
        { "line ends of one character", "\r\n", "\n" },
        { "no mid and no group", "a=mid:0\r\n|a=group:BUNDLE 0\r\n", "" },
        { "no ice-options", "a=ice-options:[^\r]*\r\n", "" },
        { "no end of candidates", "a=end-of-candidates\r\n", "" },
        { "no port and no message size", "a=sctp-port:5000\r\n|a=max-message-size:[0-9]+\r\n", "" },
        { "a legacy map", "a=sctp-port:5000\r\n", "a=sctp-port:5000\r\na=sctpmap:5000 webrtc-datachannel 1024\r\n" },
        { "the format of drafts before RFC 8841", "UDP/DTLS/SCTP webrtc-datachannel(?s:(.*))a=sctp-port:5000", "DTLS/SCTP 5000$1a=sctpmap:5000 webrtc-datachannel 1024" },
        { "capital letters", " udp ", " UDP " },
        { "extensions of candidates", "typ host\r\n", "typ host generation 0 network-id 1 network-cost 10\r\n" },
        { "candidates of other kinds", "a=end-of", "a=candidate:1 1 tcp 1518280447 192.0.2.9 9 typ host tcptype active\r\na=candidate:2 1 udp 2122260223 8b2d3a6c.local 5000 typ host\r\na=end-of" },
        { "TCP in the name of the protocol", "UDP/DTLS/SCTP", "TCP/DTLS/SCTP" },
        { "an unknown hash first", "a=fingerprint", "a=fingerprint:sha3-256 00:11\r\na=fingerprint" },
        { "an unknown attribute without a value", "a=setup", "a=extmap-allow-mixed\r\na=setup" },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Descriptions_that_differ_from_ours_are_understood(string name, string pattern, string replacement)
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now);
        string answer = Z.Connection.AcceptOffer(network.Now, Change(offer));
        A.Connection.AcceptAnswer(network.Now, Change(answer));
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected && Z.Connection.State == PeerConnectionState.Connected, Limit), $"{name}: {network.Describe()}");

        string Change(string text) => System.Text.RegularExpressions.Regex.Replace(text, pattern, replacement);
    }

    /// <summary>RFC 8841 section 6.1: 0 is no limit, no number is 64 KiB.</summary>
    [Theory]
    [InlineData("1", 1)]
    [InlineData("262144", 262_144)]
    [InlineData("0", int.MaxValue)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", 65_536)]
    [InlineData("-1", 65_536)]
    [InlineData("1e3", 65_536)]
    [InlineData("", 65_536)]
    public void The_peers_limit_of_messages_is_kept_whatever_it_is(string text, long expected)
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string answer = Z.Connection.AcceptOffer(network.Now, A.Connection.CreateOffer(network.Now));
        A.Connection.AcceptAnswer(network.Now, System.Text.RegularExpressions.Regex.Replace(answer, "max-message-size:[0-9]+", "max-message-size:" + text));
        Assert.Equal(expected, A.Connection.MaxMessageSize);
        DataChannel a = A.Connection.CreateDataChannel(network.Now, "", new() { Negotiated = true, Id = 0 });
        Assert.True(network.Run(() => a.ReadyState == DataChannelState.Open, TimeSpan.FromSeconds(5)), network.Describe());
        a.Send(network.Now, new byte[Math.Min(expected, 262_144)], false);
        if (expected < 262_144)
        {
            Assert.Throws<ArgumentException>(() => a.Send(network.Now, new byte[expected + 1], false));
        }

        Assert.True(network.Run(() => a.BufferedAmount == 0, TimeSpan.FromSeconds(5)), network.Describe());
        Assert.Equal(PeerConnectionState.Connected, A.Connection.State);
    }

    [Fact]
    public void What_holds_for_the_session_holds_for_its_section()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string[] lines = A.Connection.CreateOffer(network.Now).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] moved = [.. lines.Where(l => l.StartsWith("a=ice-", StringComparison.Ordinal) || l.StartsWith("a=fingerprint", StringComparison.Ordinal) || l.StartsWith("a=setup", StringComparison.Ordinal))];
        int section = Array.FindIndex(lines, l => l.StartsWith("m=", StringComparison.Ordinal));
        string offer = string.Join("\r\n", [.. lines[..section], .. moved, .. lines[section..].Except(moved)]);
        A.Connection.AcceptAnswer(network.Now, Z.Connection.AcceptOffer(network.Now, offer));
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected, Limit), network.Describe());
    }

    [Theory]
    [InlineData("active", "passive")]
    [InlineData("passive", "active")]
    [InlineData("actpass", "active")]
    public void An_offer_decides_who_opens_the_connection_if_it_says_so(string offered, string answered)
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now).Replace("a=setup:actpass", $"a=setup:{offered}", StringComparison.Ordinal);
        string answer = Z.Connection.AcceptOffer(network.Now, offer);
        Assert.Contains($"a=setup:{answered}\r\n", answer, StringComparison.Ordinal);
        A.Connection.AcceptAnswer(network.Now, answer);
        Assert.True(network.Run(() => A.Connection.State == PeerConnectionState.Connected, Limit), network.Describe());
    }

    [Fact]
    public void An_answer_to_an_offer_without_names_has_none()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now).Replace("a=mid:0\r\n", "", StringComparison.Ordinal).Replace("a=group:BUNDLE 0\r\n", "", StringComparison.Ordinal);
        string answer = Z.Connection.AcceptOffer(network.Now, offer);
        Assert.DoesNotContain("a=mid", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("BUNDLE", answer, StringComparison.Ordinal);
    }

    // A lite agent has role and candidates, answers, and nominates nothing: both must see the full agent control.
    [Fact]
    public void A_full_agent_controls_whatever_a_lite_one_offers()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now).Replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", StringComparison.Ordinal);
        bool? isControlling = null;
        network.Filter = datagram =>
        {
            if (datagram.From.ToString().StartsWith("192.0.2.2", StringComparison.Ordinal) && StunMessage.TryParse(datagram.Bytes, out StunMessage message) && message.Class == StunClass.Request)
            {
                isControlling ??= message.TryGetAttribute(StunAttributeType.IceControlling, out _);
            }

            return true;
        };
        Z.Connection.AcceptOffer(network.Now, offer);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.True(isControlling);
    }

    private static IceCandidate Host(string address) => TransportAddress.TryParse(address, 5000, out TransportAddress parsed)
        ? IceCandidate.CreateHost(parsed, parsed, ushort.MaxValue)
        : throw new ArgumentException($"{address} is no address.", nameof(address));

    private static (SimulatedPeer A, SimulatedPeer Z) Connect(SimulatedNetwork network, out DataChannel a, out DataChannel z)
    {
        (SimulatedPeer A, SimulatedPeer Z) = SimulatedPeer.CreatePair(network, 1, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
        a = A.Connection.CreateDataChannel(network.Now, "egoat");
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
        z = Z.Incoming[0];
        return (A, Z);
    }

    private static (string Offer, string Answer) Restart(SimulatedNetwork network, SimulatedPeer from, SimulatedPeer to)
    {
        from.Connection.RestartIce();
        string offer = from.Connection.CreateOffer(network.Now);
        string answer = to.Connection.AcceptOffer(network.Now, offer);
        from.Connection.AcceptAnswer(network.Now, answer);
        return (offer, answer);
    }
}
