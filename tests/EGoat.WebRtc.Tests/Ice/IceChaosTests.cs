using EGoat.Testing;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceChaosTests
{
    /// <summary>Outages, loss, NAT and server restarts and ICE restarts at random: whatever was done, a restart on a sound network connects.</summary>
    [Fact]
    public void Whatever_has_happened_a_restart_on_a_sound_network_connects()
    {
        for (int seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            var network = new SimulatedNetwork(seed);
            var T = new SimulatedTurnServer(network, "198.51.100.1");
            SimulatedNat natA = CreateNat(network, random, "203.0.113.1");
            SimulatedNat natZ = CreateNat(network, random, "203.0.113.2");
            InternetPeer A = InternetPeer.BehindNat(natA, "10.0.1.1", isControlling: true, seed);
            InternetPeer Z = InternetPeer.BehindNat(natZ, "10.0.2.1", isControlling: random.Next(4) == 0, seed);
            A.AddTurn("198.51.100.1");
            Z.AddTurn("198.51.100.1");
            Signal(network, A, Z);
            for (int step = 0; step < 12; step++)
            {
                switch (random.Next(8))
                {
                    case 0:
                        network.Filter = _ => false;
                        break;
                    case 1:
                        bool isToA = random.Next(2) == 0;
                        network.Filter = d => isToA != d.To.ToString().StartsWith("203.0.113.1", StringComparison.Ordinal);
                        break;
                    case 2:
                        network.Conditions = NetworkConditions.Terrible;
                        break;
                    case 3:
                        natA.Restart();
                        break;
                    case 4:
                        T.Restart();
                        break;
                    case 5:
                        A.Agent.Restart(network.Now); // and the other side hears of it, or not
                        break;
                    case 6:
                        Restart(network, A, Z);
                        break;
                    default:
                        network.Filter = null;
                        network.Conditions = NetworkConditions.Perfect;
                        break;
                }

                long before = network.Count.Sent;
                TimeSpan duration = TimeSpan.FromSeconds(random.Next(1, 30));
                network.Run(duration);
                Assert.True(network.Count.Sent - before < 300 + (50 * duration.TotalSeconds), $"a storm\n{network.Describe()}");
            }

            network.Filter = null;
            network.Conditions = NetworkConditions.Perfect;
            network.Run(TimeSpan.FromMinutes(2)); // until the allocations are there again
            Restart(network, A, Z);
            bool agree = network.Run(() => A.Path != "none" && Z.Path != "none" && (A.Path == "relay") == (Z.Path == "relay"), TimeSpan.FromSeconds(20));
            Assert.True(agree, $"A {A.Path} {A.Agent}\nZ {Z.Path} {Z.Agent}\n{network.Describe()}");
            network.Run(TimeSpan.FromSeconds(30));
            Assert.True(A.Path != "none" && Z.Path != "none" && A.Agent.IsControlling != Z.Agent.IsControlling, $"A {A.Agent}\nZ {Z.Agent}\n{network.Describe()}");
        }
    }

    private static SimulatedNat CreateNat(SimulatedNetwork network, Random random, string address) => new(network, (SimulatedNatType)random.Next(4), hairpins: false, address);

    private static void Restart(SimulatedNetwork network, InternetPeer A, InternetPeer Z)
    {
        A.Agent.Restart(network.Now);
        Z.Agent.Restart(network.Now);
        A.TellAgain();
        Z.TellAgain();
        Signal(network, A, Z);
    }

    private static void Signal(SimulatedNetwork network, InternetPeer A, InternetPeer Z)
    {
        A.SignalTo(Z, network.Now);
        Z.SignalTo(A, network.Now);
    }
}
