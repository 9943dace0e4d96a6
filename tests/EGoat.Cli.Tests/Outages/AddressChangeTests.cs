using System.Net.Sockets;
using EGoat.Testing;
using Xunit.Abstractions;

namespace EGoat.Cli.Tests.Outages;

/// <summary>A machine that gets another address.</summary>
public sealed class AddressChangeTests(ITestOutputHelper output) : OutageTest(output)
{
    [NetworkNamespaceTheory]
    [InlineData(AddressFamily.InterNetwork, true)]
    [InlineData(AddressFamily.InterNetwork, false)]
    [InlineData(AddressFamily.InterNetworkV6, true)]
    [InlineData(AddressFamily.InterNetworkV6, false)]
    public async Task A_member_whose_address_changes_meets_everybody_again(AddressFamily family, bool isOldGoneFirst)
    {
        TimeSpan between = TimeSpan.FromSeconds(3);
        await MeetAsync(between, sparesMembers: !isOldGoneFirst, family);
        Action remove = () => BobsHost.RemoveAddress(SwitchedNetwork.GetAddress(family, 3));
        Action add = () => BobsHost.AddAddress(SwitchedNetwork.GetAddress(family, 33));
        await SurviveAsync(new Outage
        {
            Duration = between,
            Begin = isOldGoneFirst ? remove : add,
            End = isOldGoneFirst ? add : remove,
            SparesMembers = !isOldGoneFirst,
            LoseServer = [Bob, Dora],
        });
    }
}
