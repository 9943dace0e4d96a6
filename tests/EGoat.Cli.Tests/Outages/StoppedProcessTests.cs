using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests.Outages;

/// <summary>A machine that sleeps: all its processes are stopped (SIGSTOP) for a while.</summary>
public sealed class StoppedProcessTests(ITestOutputHelper output) : OutageTest(output)
{
    public static TheoryData<int> Stops => LongRun.Choose<TheoryData<int>>([10], [10, 60]);

    [NetworkNamespaceTheory]
    [MemberData(nameof(Stops))]
    public async Task Processes_that_are_stopped_meet_everybody_again(int seconds)
    {
        TimeSpan duration = TimeSpan.FromSeconds(seconds);
        await MeetAsync(duration, sparesMembers: false, BothFamilies);
        ObservedProcess[] stopped = [Bob, Dora];
        await SurviveAsync(new Outage
        {
            Duration = duration,
            Begin = () => Array.ForEach(stopped, p => p.Signal("STOP")),
            End = () => Array.ForEach(stopped, p => p.Signal("CONT")),
            LoseServer = duration > ServerSilence ? stopped : [],
        });
    }
}
