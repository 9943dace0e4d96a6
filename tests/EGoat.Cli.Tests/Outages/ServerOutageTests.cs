using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests.Outages;

/// <summary>A server that is stopped (SIGSTOP) for a while.</summary>
public sealed class ServerOutageTests(ITestOutputHelper output) : OutageTest(output)
{
    public static TheoryData<int> Stops => LongRun.Choose<TheoryData<int>>([12], [12, 40, 120]);

    [NetworkNamespaceTheory]
    [MemberData(nameof(Stops))]
    public async Task A_server_that_is_stopped_changes_nothing_between_members(int seconds)
    {
        TimeSpan duration = TimeSpan.FromSeconds(seconds);
        await MeetAsync(duration, sparesMembers: true, BothFamilies);
        await SurviveAsync(new Outage
        {
            Duration = duration,
            Begin = () => Server.Signal("STOP"),
            End = () => Server.Signal("CONT"),
            SparesMembers = true,
            LoseServer = duration > ServerSilence ? Members : [],
        });
    }
}
