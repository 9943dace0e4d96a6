using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests.Outages;

/// <summary>A machine that the network does not reach for a while.</summary>
public sealed class MemberOutageTests(ITestOutputHelper output) : OutageTest(output)
{
    /// <summary>Seconds, and whether the machine sees its link go down; a lost radio link may not show.</summary>
    public static TheoryData<int, bool> Drops => LongRun.Choose<TheoryData<int, bool>>(
        new() { { 10, false }, { 10, true } },
        new() { { 10, false }, { 20, false }, { 50, false }, { 180, false }, { 10, true }, { 20, true }, { 50, true }, { 180, true } });

    [NetworkNamespaceTheory]
    [MemberData(nameof(Drops))]
    public async Task A_member_whose_traffic_is_dropped_meets_everybody_again(int seconds, bool isLinkDown)
    {
        TimeSpan duration = TimeSpan.FromSeconds(seconds);
        await MeetAsync(duration, sparesMembers: false, BothFamilies);
        await SurviveAsync(new Outage
        {
            Duration = duration,
            Begin = isLinkDown ? BobsHost.Unplug : BobsHost.Drop,
            End = isLinkDown ? BobsHost.PlugIn : BobsHost.Forward,
            LoseServer = duration > ServerSilence ? [Bob, Dora] : [],
        });
    }
}
