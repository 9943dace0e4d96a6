using EGoat.Testing;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Tests.Ice;

// A and Z behind NATs of every kind, S a STUN server and T a TURN server on the open network.
public sealed class NatTraversalTests
{
    private const string AddressS = "198.51.100.1";
    private const string AddressT = "198.51.100.2";

    /// <summary>
    /// Whether A and Z reach each other directly, without TURN; with TURN a "none" becomes "relay", and nothing else
    /// changes. A row is A's NAT, a column Z's. Two mappings can be punched unless one side's port is unpredictable
    /// (symmetric) and the other side's filter looks at ports (port-restricted, symmetric).
    /// </summary>
    private static readonly string[] Outcomes =
    [
        "A \\ Z                None       FullCone   AddressRestricted  PortRestricted  Symmetric",
        "None                 direct     direct     direct             direct          direct",
        "FullCone             direct     direct     direct             direct          direct",
        "AddressRestricted    direct     direct     direct             direct          direct",
        "PortRestricted       direct     direct     direct             direct          none",
        "Symmetric            direct     direct     direct             none            none",
    ];

    public static TheoryData<string, string, bool, bool, string> Cells()
    {
        var cells = new TheoryData<string, string, bool, bool, string>();
        string[] columns = Split(Outcomes[0])[3..];
        foreach (string row in Outcomes[1..])
        {
            string[] words = Split(row);
            for (int i = 0; i < columns.Length; i++)
            {
                foreach (bool hairpins in (bool[])[false, true])
                {
                    cells.Add(words[0], columns[i], hairpins, false, words[i + 1]);
                    cells.Add(words[0], columns[i], hairpins, true, words[i + 1] == "none" ? "relay" : words[i + 1]);
                }
            }
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Each_pair_of_NATs_ends_on_the_path_that_it_allows(string natA, string natZ, bool hairpins, bool hasTurn, string expected)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            SimulatedNetwork network = CreateNetwork(seed);
            InternetPeer A = Create(network, natA, hairpins, "203.0.113.1", "10.0.1.1", isControlling: true, seed);
            InternetPeer Z = Create(network, natZ, hairpins, "203.0.113.2", "10.0.2.1", isControlling: false, seed);
            AddServers(hasTurn, A, Z);
            A.SignalTo(Z, network.Now);
            Z.SignalTo(A, network.Now);
            bool isDirect = expected == "direct";
            AssertOutcome(network, A, Z, isDirect ? SeenAs(natZ) : expected, isDirect ? SeenAs(natA) : expected);
        }
    }

    [Theory]
    [InlineData(SimulatedNatType.FullCone)]
    [InlineData(SimulatedNatType.AddressRestricted)]
    [InlineData(SimulatedNatType.PortRestricted)]
    [InlineData(SimulatedNatType.Symmetric)]
    public void Hosts_of_one_subnet_reach_each_other_without_the_NAT(SimulatedNatType type)
    {
        foreach (bool hairpins in (bool[])[false, true])
        {
            SimulatedNetwork network = CreateNetwork(1);
            var nat = new SimulatedNat(network, type, hairpins, "203.0.113.1");
            InternetPeer A = InternetPeer.BehindNat(nat, "10.0.1.1", isControlling: true);
            InternetPeer Z = InternetPeer.BehindNat(nat, "10.0.1.2", isControlling: false);
            AddServers(hasTurn: true, A, Z);
            A.SignalTo(Z, network.Now);
            Z.SignalTo(A, network.Now);
            AssertOutcome(network, A, Z, "host", "host");
        }
    }

    // A symmetric NAT in front of both is not traversed either, hairpin or not: both ports are unpredictable.
    [Theory]
    [InlineData(SimulatedNatType.FullCone, true, false, "srflx")]
    [InlineData(SimulatedNatType.AddressRestricted, true, false, "srflx")]
    [InlineData(SimulatedNatType.PortRestricted, true, false, "srflx")]
    [InlineData(SimulatedNatType.Symmetric, true, false, "none")]
    [InlineData(SimulatedNatType.Symmetric, true, true, "relay")]
    [InlineData(SimulatedNatType.FullCone, false, false, "none")]
    [InlineData(SimulatedNatType.AddressRestricted, false, false, "none")]
    [InlineData(SimulatedNatType.PortRestricted, false, false, "none")]
    [InlineData(SimulatedNatType.FullCone, false, true, "relay")]
    [InlineData(SimulatedNatType.AddressRestricted, false, true, "relay")]
    [InlineData(SimulatedNatType.PortRestricted, false, true, "relay")]
    [InlineData(SimulatedNatType.Symmetric, false, true, "relay")]
    public void Hosts_of_two_subnets_behind_one_NAT_reach_each_other_only_by_hairpinning(SimulatedNatType type, bool hairpins, bool hasTurn, string expected)
    {
        SimulatedNetwork network = CreateNetwork(1);
        var nat = new SimulatedNat(network, type, hairpins, "203.0.113.1");
        InternetPeer A = InternetPeer.BehindNat(nat, "10.0.1.1", isControlling: true);
        InternetPeer Z = InternetPeer.BehindNat(nat, "10.0.2.1", isControlling: false);
        AddServers(hasTurn, A, Z);
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        AssertOutcome(network, A, Z, expected, expected);
        Assert.Equal(expected == "srflx" || (hairpins && type == SimulatedNatType.Symmetric), nat.Hairpinned > 0);
    }

    [Theory]
    [InlineData("PortRestricted", "PortRestricted", "srflx", "srflx")]
    [InlineData("Symmetric", "Symmetric", "relay", "relay")]
    [InlineData("FullCone", "Symmetric", "prflx", "srflx")]
    public void Consent_checks_keep_the_mappings_of_a_quiet_connection(string natA, string natZ, string expectedA, string expectedZ)
    {
        SimulatedNetwork network = CreateNetwork(1);
        InternetPeer A = Create(network, natA, false, "203.0.113.1", "10.0.1.1", isControlling: true, 1);
        InternetPeer Z = Create(network, natZ, false, "203.0.113.2", "10.0.2.1", isControlling: false, 1);
        AddServers(true, A, Z);
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        AssertOutcome(network, A, Z, expectedA, expectedZ);
        bool isLost = network.Run(() => A.Path != expectedA || Z.Path != expectedZ, TimeSpan.FromMinutes(20));
        Assert.False(isLost, network.Describe());
    }

    [Theory]
    [InlineData("PortRestricted", "PortRestricted", "srflx", "srflx")]
    [InlineData("Symmetric", "FullCone", "srflx", "prflx")]
    [InlineData("Symmetric", "Symmetric", "relay", "relay")]
    public void Loss_and_reordering_change_the_time_and_not_the_path(string natA, string natZ, string expectedA, string expectedZ)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            _ = new SimulatedTurnServer(network, AddressS);
            _ = new SimulatedTurnServer(network, AddressT);
            InternetPeer A = Create(network, natA, false, "203.0.113.1", "10.0.1.1", isControlling: true, seed);
            InternetPeer Z = Create(network, natZ, false, "203.0.113.2", "10.0.2.1", isControlling: false, seed);
            AddServers(true, A, Z);
            A.SignalTo(Z, network.Now);
            Z.SignalTo(A, network.Now);
            Assert.True(network.Run(() => A.Path == expectedA && Z.Path == expectedZ, TimeSpan.FromSeconds(60)), $"{A.Agent}; {Z.Agent}\n{network.Describe()}");
        }
    }

    [Fact]
    public void A_NAT_that_restarts_is_traversed_anew()
    {
        SimulatedNetwork network = CreateNetwork(1);
        var nat = new SimulatedNat(network, SimulatedNatType.PortRestricted, false, "203.0.113.1");
        InternetPeer A = InternetPeer.BehindNat(nat, "10.0.1.1", isControlling: true);
        InternetPeer Z = InternetPeer.OnNetwork(network, "203.0.113.2", isControlling: false);
        AddServers(hasTurn: false, A, Z);
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
        AssertOutcome(network, A, Z, "host", "srflx");
        TransportAddress before = Z.Agent.SelectedRemote;
        nat.Restart();
        Assert.True(network.Run(() => Z.Path == "srflx" && Z.Agent.SelectedRemote != before, TimeSpan.FromSeconds(30)), $"{A.Agent}; {Z.Agent}\n{network.Describe()}");
        network.Run(TimeSpan.FromMinutes(5));
        Assert.Equal(("host", "srflx"), (A.Path, Z.Path));
    }

    // How a side is reached directly. A symmetric NAT maps towards the peer otherwise than towards the STUN server.
    private static string SeenAs(string nat) => nat switch
    {
        "None" => "host",
        "Symmetric" => "prflx",
        _ => "srflx",
    };

    [Fact]
    public void A_relayed_connection_survives_a_restart_of_the_TURN_server()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(10), Jitter = TimeSpan.FromMilliseconds(5) });
            var T = new SimulatedTurnServer(network, AddressT);
            InternetPeer A = Create(network, "Symmetric", false, "203.0.113.1", "10.0.1.1", isControlling: true, seed);
            InternetPeer Z = Create(network, "Symmetric", false, "203.0.113.2", "10.0.2.1", isControlling: false, seed);
            A.AddTurn(AddressT);
            Z.AddTurn(AddressT);
            A.SignalTo(Z, network.Now);
            Z.SignalTo(A, network.Now);
            AssertOutcome(network, A, Z, "relay", "relay");
            T.Restart();
            Assert.True(network.Run(() => A.Path == "none" || Z.Path == "none", TimeSpan.FromSeconds(20)), network.Describe());
            Assert.True(network.Run(() => A.Path == "relay" && Z.Path == "relay", TimeSpan.FromSeconds(20)), $"{A.Agent}\n{Z.Agent}\n{network.Describe()}");
            network.Run(TimeSpan.FromMinutes(2));
            Assert.Equal(("relay", "relay"), (A.Path, Z.Path));
        }
    }

    private static string[] Split(string row) => row.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static SimulatedNetwork CreateNetwork(int seed)
    {
        var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(10), Jitter = TimeSpan.FromMilliseconds(5) });
        _ = new SimulatedTurnServer(network, AddressS);
        _ = new SimulatedTurnServer(network, AddressT);
        return network;
    }

    private static InternetPeer Create(SimulatedNetwork network, string nat, bool hairpins, string external, string @internal, bool isControlling, int seed) => nat == "None"
        ? InternetPeer.OnNetwork(network, external, isControlling, seed)
        : InternetPeer.BehindNat(new SimulatedNat(network, Enum.Parse<SimulatedNatType>(nat), hairpins, external), @internal, isControlling, seed);

    private static void AddServers(bool hasTurn, params InternetPeer[] peers)
    {
        foreach (InternetPeer peer in peers)
        {
            peer.AddStun(AddressS);
            if (hasTurn)
            {
                peer.AddTurn(AddressT);
            }
        }
    }

    private static void AssertOutcome(SimulatedNetwork network, InternetPeer A, InternetPeer Z, string expectedA, string expectedZ)
    {
        string Describe() => $"A {A.Path}: {A.Agent}\nZ {Z.Path}: {Z.Agent}\n{network.Describe()}";
        if (expectedA == "none")
        {
            Assert.True(network.Run(() => A.Agent.State == IceConnectionState.Failed && Z.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(35)), Describe());
            return;
        }

        Assert.True(network.Run(() => A.Path == expectedA && Z.Path == expectedZ, TimeSpan.FromSeconds(5)), Describe());
        network.Run(TimeSpan.FromSeconds(30));
        Assert.True((A.Path, Z.Path) == (expectedA, expectedZ), Describe());
    }
}
