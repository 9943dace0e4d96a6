using System.Management.Automation;
using System.Reflection;
using EGoat.PowerShell.Commands;

namespace EGoat.PowerShell.Tests;

/// <summary>What Tab offers for rooms, peers and transfers.</summary>
[Collection("The installation of this process")]
public sealed class CompletionTests : CommandTestBase
{
    [Theory]
    [InlineData(typeof(SendEGoatFile), "To", typeof(PeerCompleter))]
    [InlineData(typeof(SendEGoatMessage), "To", typeof(PeerCompleter))]
    [InlineData(typeof(ReceiveEGoatFile), "From", typeof(PeerCompleter))]
    [InlineData(typeof(GetEGoatHistory), "Peer", typeof(PeerCompleter))]
    [InlineData(typeof(GetEGoatTransfer), "Peer", typeof(PeerCompleter))]
    [InlineData(typeof(GetEGoatHistory), "Room", typeof(RoomCompleter))]
    [InlineData(typeof(SendEGoatFile), "Room", typeof(RoomCompleter))]
    [InlineData(typeof(StopEGoatTransfer), "Id", typeof(TransferCompleter))]
    [InlineData(typeof(SuspendEGoatTransfer), "Id", typeof(TransferCompleter))]
    [InlineData(typeof(ResumeEGoatTransfer), "Id", typeof(TransferCompleter))]
    public void Parameters_that_name_what_is_there_are_completed(Type command, string parameter, Type completer) =>
        Assert.Equal(completer, command.GetProperty(parameter)!.GetCustomAttribute<ArgumentCompleterAttribute>()!.Type);

    [Fact]
    public async Task Rooms_and_peers_are_offered_as_they_are_now()
    {
        await JoinThereAsync(null, "ada lovelace");
        await WaitForPeerAsync(JoinHere());
        EGoatRoom goats = JoinHere("goats");
        await JoinThereAsync(null, "ada lovelace", "goats");
        await WaitForPeerAsync(goats);
        Assert.Equal(["goats"], Complete("Exit-EGoatRoom -Room go").Select(c => c.CompletionText));
        Assert.Equal(["goats", "lobby"], Complete("Exit-EGoatRoom -Room ").Select(c => c.CompletionText).Order());

        CompletionResult ada = Assert.Single(Complete("Send-EGoatMessage hi -To AD"));
        Assert.Equal(("'ada lovelace'", "ada lovelace"), (ada.CompletionText, ada.ListItemText));
        Assert.Equal("'ada lovelace'", Assert.Single(Complete("Send-EGoatMessage hi -To 'ada l")).CompletionText);
        Assert.Equal(Other.Identity, Assert.Single(Complete($"Receive-EGoatFile . -From {Other.Identity[..4]}")).CompletionText);
        Assert.Empty(Complete("Send-EGoatMessage hi -To zoe"));
        Assert.Single(Complete("Send-EGoatMessage hi -Room goats -To "));
        Assert.Empty(Complete("Send-EGoatMessage hi -Room elsewhere -To "));
    }

    [Theory]
    [InlineData("o'neil", "'o''neil'")]
    [InlineData("a\u2019; Remove-Item x #", "'a\u2019\u2019; Remove-Item x #'")]
    [InlineData("$(calc)", "'$(calc)'")]
    [InlineData("-Force", "'-Force'")]
    public async Task A_name_is_one_argument_and_nothing_else(string name, string expected)
    {
        await JoinThereAsync(null, name);
        await WaitForPeerAsync(JoinHere());
        Assert.Equal(expected, Assert.Single(Complete("Send-EGoatMessage hi -To ")).CompletionText);
    }

    [Fact]
    public async Task A_name_that_does_not_show_as_it_is_is_offered_as_the_identity()
    {
        await JoinThereAsync(null, "ada\u202eabc");
        await WaitForPeerAsync(JoinHere());
        CompletionResult offered = Assert.Single(Complete("Send-EGoatMessage hi -To ad"));
        Assert.Equal(Other.Identity, offered.CompletionText);
        Assert.DoesNotContain('\u202e', offered.ListItemText + offered.ToolTip);
    }

    [Fact]
    public async Task Transfers_under_way_are_offered_by_id_and_say_what_they_are()
    {
        await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        using Job job = Assert.IsAssignableFrom<Job>(Assert.Single(
            Run("Send-EGoatFile", new { Path = new[] { WriteFile("one", 8_000_000), WriteFile("two", 8_000_000) }, MaxRate = 1_000_000, AsJob = true }).Output));
        Assert.True(SpinWait.SpinUntil(() => here.Transfers.Count(t => !t.IsEnded) == 2, TimeSpan.FromSeconds(60)));
        CompletionResult offered = Assert.Single(Complete("Stop-EGoatTransfer -Id "));
        Assert.Equal(here.Transfers[0].Id, offered.CompletionText);
        Assert.EndsWith("(one and 1 more to there)", offered.ListItemText, StringComparison.Ordinal);
        job.StopJob();
        Assert.Empty(Complete("Stop-EGoatTransfer -Id "));
    }

    [Fact]
    public async Task Tab_opens_no_installation()
    {
        await ModuleSession.CloseInstallationAsync();
        Assert.Empty(Complete("Exit-EGoatRoom -Room "));
        Assert.False(ModuleSession.HasInstallation);
    }

    private CompletionResult[] Complete(string line) =>
        [.. Assert.IsType<CommandCompletion>(Assert.Single(Run("TabExpansion2", new { inputScript = line, cursorColumn = line.Length }).Output)).CompletionMatches];
}
