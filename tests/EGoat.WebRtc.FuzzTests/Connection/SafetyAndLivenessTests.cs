using EGoat.WebRtc.FuzzTests.Support;

namespace EGoat.WebRtc.FuzzTests.Connection;

public sealed class SafetyAndLivenessTests
{
    private const int NormalSeeds = 200;

    private static IEnumerable<int> Seeds => Enumerable.Range(FuzzRun.Seed % 1_000_000, FuzzRun.IsLong ? 10 * NormalSeeds : NormalSeeds);

    [Fact]
    public void Faults_for_ever_duplicate_nothing_reorder_nothing_and_fill_no_memory()
    {
        foreach (int seed in Seeds)
        {
            var scenario = new FaultScenario(seed);
            for (int second = 0; second < 15; second++)
            {
                scenario.RunFaults();
            }
        }
    }

    [Fact]
    public void Everything_completes_when_the_network_heals()
    {
        foreach (int seed in Seeds)
        {
            var scenario = new FaultScenario(seed);
            for (int second = 0; second < 6; second++)
            {
                scenario.RunFaults();
            }

            scenario.Heal();
        }
    }
}
