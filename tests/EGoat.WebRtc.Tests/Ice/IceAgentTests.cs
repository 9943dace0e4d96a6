using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceAgentTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2")]
    [InlineData("2001:db8::1", "2001:db8::2")]
    public void Two_hosts_connect_within_two_round_trips(string a, string z)
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, [a], [z]);
        Connect(network, A, Z);
        Assert.True(network.Now < TimeSpan.FromSeconds(1) + TimeSpan.FromMilliseconds(5), network.Describe());
        Assert.Equal(IcePeer.Parse(z), A.Agent.SelectedRemote);
        Assert.Equal(IcePeer.Parse(a), Z.Agent.SelectedRemote);
    }

    [Fact]
    public void Both_sides_agree_on_the_nominated_pair_when_several_work()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1", "2001:db8::1", "198.51.100.1"], ["192.0.2.2", "2001:db8::2"], seed);
            Connect(network, A, Z);
            network.Run(TimeSpan.FromSeconds(2));
            bool agree = network.Run(() => A.Agent.SelectedRemote == Z.Agent.SelectedLocal && A.Agent.SelectedLocal == Z.Agent.SelectedRemote, TimeSpan.FromSeconds(30));
            Assert.True(agree, $"{A.Agent}; {Z.Agent}\n{network.Describe()}");
        }
    }

    [Fact]
    public void A_peer_whose_candidates_are_never_signaled_is_found_by_its_checks()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now, withCandidates: false);
        Assert.True(network.Run(() => AreConnected(A, Z), Limit), network.Describe());
        Assert.Equal(IceCandidateType.PeerReflexive, A.Agent.SelectedRemoteType);
    }

    [Fact]
    public void Checks_that_come_before_the_peers_credentials_are_answered_and_used()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        A.SignalTo(Z, network.Now);
        Assert.True(network.Run(() => Z.Agent.State == IceConnectionState.Connected, Limit), network.Describe());
        Assert.Equal(IceConnectionState.New, A.Agent.State);
        Z.SignalTo(A, network.Now);
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromMilliseconds(10)), network.Describe());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_role_conflict_is_resolved(bool bothControlling)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, seed % 2 == 0 ? NetworkConditions.Perfect : NetworkConditions.Terrible);
            var A = new IcePeer(network, bothControlling, (2 * seed) + 1, "192.0.2.1");
            var Z = new IcePeer(network, bothControlling, (2 * seed) + 2, "192.0.2.2");
            Connect(network, A, Z);
            network.Run(TimeSpan.FromSeconds(5));
            Assert.True(A.Agent.IsControlling != Z.Agent.IsControlling, network.Describe());
        }
    }

    [Fact]
    public void Forged_and_unauthenticated_messages_change_nothing_and_are_not_answered()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        Connect(network, A, Z);
        TransportAddress forger = IcePeer.Parse("192.0.2.66");
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, System.Text.Encoding.ASCII.GetBytes($"{Z.Agent.LocalCredentials.UsernameFragment}:{A.Agent.LocalCredentials.UsernameFragment}"));
        writer.Add(StunAttributeType.Priority, 1u);
        writer.Add(StunAttributeType.UseCandidate, []);
        int length = writer.Finish("not the password at all"u8);
        Assert.True(Z.Agent.HandleDatagram(network.Now, Z.Agent.SelectedLocal, forger, buffer.AsSpan(0, length)));
        Assert.False(Z.Agent.TryPollTransmit(network.Now, buffer, out _));
        Assert.False(Z.Agent.IsValidatedRemote(forger));
        Assert.Equal(IcePeer.Parse("192.0.2.1"), Z.Agent.SelectedRemote);
    }

    [Fact]
    public void Consent_keeps_a_quiet_connection_for_an_hour_despite_loss()
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { Loss = 0.05 });
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        Connect(network, A, Z);
        (long before, _) = network.Count;
        network.Run(TimeSpan.FromHours(1));
        Assert.True(AreConnected(A, Z), network.Describe());
        Assert.InRange(network.Count.Sent - before, 2 * 2 * 600 * 0.9, 2 * 2 * 900); // a request each 4 to 6 seconds and side, and its answer
    }

    [Fact]
    public void Silence_is_noticed_after_10_seconds_and_is_final_after_30()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        Connect(network, A, Z);
        network.Run(TimeSpan.FromSeconds(7));
        network.Filter = _ => false;
        TimeSpan cut = network.Now;
        Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Disconnected, TimeSpan.FromSeconds(11)), network.Describe());
        Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(25)), network.Describe());
        Assert.InRange(network.Now - cut, TimeSpan.FromSeconds(24), TimeSpan.FromSeconds(31));
        Assert.Null(A.Agent.NextTimeout);
    }

    [Fact]
    public void A_cable_that_is_plugged_in_again_within_20_seconds_reconnects()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        Connect(network, A, Z);
        network.Filter = _ => false;
        network.Run(TimeSpan.FromSeconds(18));
        Assert.Equal(IceConnectionState.Disconnected, A.Agent.State);
        network.Filter = null;
        Assert.True(network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(7)), network.Describe());
    }

    [Fact]
    public void A_pair_that_dies_is_replaced_by_another_one()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1", "2001:db8::1"], ["192.0.2.2", "2001:db8::2"]);
        Connect(network, A, Z);
        network.Run(TimeSpan.FromSeconds(1));
        TransportAddress dead = A.Agent.SelectedRemote;
        network.Filter = datagram => datagram.From.IsIPv6 != dead.IsIPv6;
        Assert.True(
            network.Run(() => AreConnected(A, Z) && A.Agent.SelectedRemote != dead && Z.Agent.SelectedRemote == A.Agent.SelectedLocal, TimeSpan.FromSeconds(25)),
            network.Describe());
        network.Run(TimeSpan.FromSeconds(60));
        Assert.True(AreConnected(A, Z), network.Describe());
    }

    [Fact]
    public void Without_any_path_it_fails_after_30_seconds()
    {
        var network = new SimulatedNetwork(1) { Filter = _ => false };
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(31)), network.Describe());
        Assert.False(A.Agent.HasSelectedPair);
    }

    [Fact]
    public void A_restart_finds_a_new_pair_while_the_old_one_carries_data()
    {
        var network = new SimulatedNetwork(1);
        (IcePeer A, IcePeer Z) = Create(network, ["192.0.2.1"], ["192.0.2.2"]);
        Connect(network, A, Z);
        string before = A.Agent.LocalCredentials.UsernameFragment;
        A.Agent.Restart(network.Now);
        Z.Agent.Restart(network.Now);
        Assert.NotEqual(before, A.Agent.LocalCredentials.UsernameFragment);
        Assert.True(A.Agent.HasSelectedPair);
        Connect(network, A, Z);
        Assert.True(A.Agent.HasSelectedPair);
    }

    [Fact]
    public void A_peer_that_floods_candidates_costs_a_bounded_number_of_pairs()
    {
        var network = new SimulatedNetwork(1);
        var A = new IcePeer(network, true, 1, "192.0.2.1", "2001:db8::1");
        A.Agent.SetRemoteCredentials(network.Now, new IceCredentials("abcdefgh", "abcdefghijklmnopqrstuvwx"));
        for (int i = 0; i < 5_000; i++)
        {
            Assert.True(IceCandidate.TryParse($"candidate:1 1 udp 1 10.{i >> 8}.{i & 255}.1 1000 typ host", out IceCandidate? candidate));
            A.Agent.AddRemoteCandidate(network.Now, candidate!);
        }

        network.Run(TimeSpan.FromSeconds(60));
        Assert.InRange(network.Count.Sent, 1, new IceAgentOptions().MaxRemoteCandidates * new IceAgentOptions().MaxTransmissions);
        Assert.Equal(IceConnectionState.Failed, A.Agent.State);
    }

    private static (IcePeer A, IcePeer Z) Create(SimulatedNetwork network, string[] a, string[] z, int seed = 1) =>
        (new IcePeer(network, true, (2 * seed) + 1, a), new IcePeer(network, false, (2 * seed) + 2, z));

    private static bool AreConnected(IcePeer A, IcePeer Z) =>
        A.Agent.State == IceConnectionState.Connected && Z.Agent.State == IceConnectionState.Connected;

    private static void Connect(SimulatedNetwork network, IcePeer A, IcePeer Z)
    {
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        Assert.True(network.Run(() => AreConnected(A, Z), Limit), network.Describe());
    }
}
