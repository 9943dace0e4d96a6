using System.Net.Sockets;
using EGoat.Testing;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceTrickleTests
{
    [Fact]
    public void Credentials_candidates_and_their_end_may_come_in_any_order()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var network = new SimulatedNetwork(seed);
            var A = new IcePeer(network, true, (2 * seed) + 1, "192.0.2.1", "2001:db8::1");
            var Z = new IcePeer(network, false, (2 * seed) + 2, "192.0.2.2", "2001:db8::2");
            var steps = new List<Action>();
            foreach ((IcePeer from, IcePeer to) in new[] { (A, Z), (Z, A) })
            {
                steps.Add(() => to.Agent.SetRemoteCredentials(network.Now, from.Agent.LocalCredentials));
                steps.Add(to.Agent.SetRemoteEndOfCandidates);
                steps.AddRange(from.Agent.LocalCandidates.Select<IceCandidate, Action>(c => () => to.Agent.AddRemoteCandidate(network.Now, Parse(c.ToString()))));
            }

            Action[] shuffled = [.. steps];
            random.Shuffle(shuffled);
            foreach (Action step in shuffled)
            {
                step();
                network.Run(TimeSpan.FromMilliseconds(random.Next(3_000)));
            }

            Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(1)), $"{A.Agent}; {Z.Agent}\n{network.Describe()}");
        }
    }

    [Fact]
    public void A_candidate_that_is_told_after_20_seconds_of_vain_checks_connects()
    {
        var network = new SimulatedNetwork(1) { Filter = d => !d.To.Address.ToString().EndsWith(".9", StringComparison.Ordinal) };
        var A = new IcePeer(network, true, 1, "192.0.2.1");
        var Z = new IcePeer(network, false, 2, "192.0.2.9");
        A.Agent.SetRemoteCredentials(network.Now, Z.Agent.LocalCredentials);
        Z.Agent.SetRemoteCredentials(network.Now, A.Agent.LocalCredentials);
        A.Agent.AddRemoteCandidate(network.Now, Z.Agent.LocalCandidates[0]);
        network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
        network.Attach(Z, IcePeer.Parse("192.0.2.2"));
        Z.Agent.AddLocalCandidate(network.Now, Host("192.0.2.2"));
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.2"));
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(1)), network.Describe());
    }

    [Fact]
    public void A_check_of_the_peer_brings_the_next_one_back_forward()
    {
        var network = new SimulatedNetwork(1);
        var A = new IcePeer(network, true, 1, "192.0.2.1");
        var Z = new IcePeer(network, false, 2, "192.0.2.2");

        // Z's NAT lets nothing in before Z has sent something, and Z learns late of A.
        bool isOpen = false;
        network.Filter = d => isOpen |= d.From == IcePeer.Parse("192.0.2.2");
        Z.SignalTo(A, network.Now);
        network.Run(TimeSpan.FromSeconds(7)); // A's next check would be sent after 9.4 seconds
        A.SignalTo(Z, network.Now);
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromMilliseconds(10)), network.Describe());
    }

    [Fact]
    public void When_both_sides_have_no_more_candidates_it_fails_as_soon_as_all_pairs_have()
    {
        (SimulatedNetwork network, IcePeer A, IcePeer Z) = CreateWithoutPath();
        A.Agent.SetLocalEndOfCandidates();
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(13)), network.Describe());
        Assert.Equal(new IceAgentOptions().MaxTransmissions, network.Count.Sent / 2);
        Assert.Equal(IceConnectionState.Checking, Z.Agent.State); // it may have more
        Assert.True(network.Run(() => Z.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(18)), network.Describe());
    }

    [Fact]
    public void An_end_of_candidates_that_comes_after_all_pairs_have_failed_is_the_end()
    {
        (SimulatedNetwork network, IcePeer A, IcePeer Z) = CreateWithoutPath();
        A.Agent.SetLocalEndOfCandidates();
        A.Agent.SetRemoteCredentials(network.Now, Z.Agent.LocalCredentials);
        A.Agent.AddRemoteCandidate(network.Now, Z.Agent.LocalCandidates[0]);
        network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
        A.Agent.SetRemoteEndOfCandidates();
        Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromMilliseconds(1)), network.Describe());
    }

    [Fact]
    public void A_peer_that_tells_no_address_at_all_is_waited_for()
    {
        var network = new SimulatedNetwork(1);
        var A = new IcePeer(network, true, 1, "192.0.2.1");
        var Z = new IcePeer(network, false, 2, "192.0.2.2");
        A.Agent.SetLocalEndOfCandidates();
        Z.SignalTo(A, network.Now, withCandidates: false); // a browser, which told only a .local name
        A.Agent.SetRemoteEndOfCandidates();
        network.Run(TimeSpan.FromSeconds(15));
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
        A.SignalTo(Z, network.Now);
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(1)), network.Describe());
    }

    [Fact]
    public void A_candidate_of_another_session_is_ignored_whenever_it_comes()
    {
        var network = new SimulatedNetwork(1);
        var A = new IcePeer(network, true, 1, "192.0.2.1");
        var credentials = new IceCredentials("abcdefgh", "abcdefghijklmnopqrstuvwx");
        var checkedAddresses = new HashSet<TransportAddress>();
        network.Filter = d => checkedAddresses.Add(d.To);
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.2") with { UsernameFragment = "other" });
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.3") with { UsernameFragment = "abcdefgh" });
        A.Agent.SetRemoteCredentials(network.Now, credentials);
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.4") with { UsernameFragment = "other" });
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.5") with { UsernameFragment = "abcdefgh" });
        A.Agent.AddRemoteCandidate(network.Now, Host("192.0.2.6"));
        network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(["192.0.2.3:5000", "192.0.2.5:5000", "192.0.2.6:5000"], checkedAddresses.Select(a => a.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_session_of_a_candidate_is_written_and_read()
    {
        IceCandidate candidate = Host("192.0.2.2") with { UsernameFragment = "EEtu" };
        Assert.EndsWith(" typ host ufrag EEtu", candidate.ToString(), StringComparison.Ordinal);
        Assert.Equal("EEtu", Parse(candidate.ToString()).UsernameFragment);
        Assert.Equal("EEtu", Parse("candidate:842163049 1 udp 1677729535 203.0.113.7 3478 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag EEtu network-cost 999").UsernameFragment);
        Assert.Null(Parse("candidate:1 1 udp 1677729535 203.0.113.7 3478 typ host generation 0").UsernameFragment);
    }

    [Fact]
    public void Only_the_address_family_that_was_chosen_is_used()
    {
        foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            var network = new SimulatedNetwork(1);
            var A = new IcePeer(network, new IceAgentOptions { AddressFamily = family }, true, 1, "192.0.2.1", "2001:db8::1");
            var Z = new IcePeer(network, false, 2, "192.0.2.2", "2001:db8::2");
            network.Filter = d => d.From.IsIPv6 == (family == AddressFamily.InterNetworkV6) ? true : throw new InvalidOperationException(d.ToString());
            Assert.Single(A.Agent.LocalCandidates);
            A.SignalTo(Z, network.Now);
            Z.SignalTo(A, network.Now);
            Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(1)), network.Describe());
        }
    }

    [Fact]
    public void Addresses_that_the_filter_forbids_are_neither_checked_nor_answered()
    {
        TransportAddress forbidden = IcePeer.Parse("192.0.2.2");
        var network = new SimulatedNetwork(1);
        var A = new IcePeer(network, new IceAgentOptions { AddressFilter = a => a != forbidden }, true, 1, "192.0.2.1");
        var Z = new IcePeer(network, false, 2, "192.0.2.2", "192.0.2.3");
        network.Filter = d => d.To != forbidden ? true : throw new InvalidOperationException(d.ToString());
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(1)), network.Describe());
        network.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(IcePeer.Parse("192.0.2.3"), A.Agent.SelectedRemote);
    }

    private static (SimulatedNetwork Network, IcePeer A, IcePeer Z) CreateWithoutPath()
    {
        var network = new SimulatedNetwork(1) { Filter = _ => false };
        return (network, new IcePeer(network, true, 1, "192.0.2.1"), new IcePeer(network, false, 2, "192.0.2.2"));
    }

    private static IceCandidate Host(string address) => IceCandidate.CreateHost(IcePeer.Parse(address), IcePeer.Parse(address), 1);

    private static IceCandidate Parse(string line) => IceCandidate.TryParse(line, out IceCandidate? candidate) ? candidate! : throw new FormatException(line);

    private static bool AreConnected(IcePeer A, IcePeer Z) => A.Agent.State == IceConnectionState.Connected && Z.Agent.State == IceConnectionState.Connected;
}
