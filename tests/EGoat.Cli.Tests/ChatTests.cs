using System.Text.Json.Nodes;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>Files within a chat: sent, taken, refused, paused and given up by commands.</summary>
public sealed class ChatTests : ProgramTest
{
    private const int Mebibyte = 1024 * 1024;

    private string Inbox => Path.Combine(Folder, "inbox");

    [Fact]
    public async Task Offers_wait_for_accept_or_reject()
    {
        (CliProcess ada, CliProcess bob) = await JoinAsync("--ask");
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", 1000);
        ada.WriteLine($"/send {source}");
        JsonObject offer = await bob.ReadEventAsync("offer");
        Assert.Equal((1, "ada", 1000L), ((int)offer["number"]!, (string?)offer["peer"], (long)offer["length"]!));
        Assert.Equal("goat.bin", (string?)offer["files"]![0]!["path"]);
        bob.WriteLine("/accept 7");
        bob.WriteLine("/accept 1");
        Assert.Equal("Completed", (string?)(await bob.ReadEventAsync("transfer"))["state"]);
        Assert.Equal("Completed", (string?)(await ada.ReadEventAsync("transfer"))["state"]);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));

        ada.WriteLine($"/send {TestFile.Create(Folder, "other.bin", 10).Path}");
        Assert.Equal(2, (int)(await bob.ReadEventAsync("offer"))["number"]!);
        bob.WriteLine("/reject");
        JsonObject rejected = await ada.ReadEventAsync("transfer");
        Assert.Equal(("Rejected", "The receiver rejected it: The receiver does not want it."), ((string?)rejected["state"], (string?)rejected["error"]));
        await QuitAsync(ada, bob);
        Assert.Equal(["egoat: There is no offer 7. /transfers shows their numbers."], bob.Errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Some_files_of_a_folder_are_taken()
    {
        (CliProcess ada, CliProcess bob) = await JoinAsync("--ask");
        string tree = Directory.CreateDirectory(Path.Combine(Folder, "tree")).FullName;
        foreach (string name in new[] { "a", "b", "c" })
        {
            TestFile.Create(tree, name, 10);
        }

        ada.WriteLine($"/send {tree}");
        JsonArray files = (await bob.ReadEventAsync("offer"))["files"]!.AsArray();
        string chosen = string.Join(',', files.Select((f, i) => ((string)f!["path"]!, i + 1)).Where(f => f.Item1 is "tree/a" or "tree/c").Select(f => f.Item2));
        bob.WriteLine($"/accept 1 {chosen}");
        for (int i = 0; i < 3; i++)
        {
            JsonObject transfer = await ada.ReadEventAsync("transfer");
            Assert.Equal((string?)transfer["name"] == "tree/b" ? "Rejected" : "Completed", (string?)transfer["state"]);
        }

        Assert.Equal(["a", "c"], Directory.GetFiles(Path.Combine(Inbox, "tree")).Select(Path.GetFileName).Order());
        await QuitAsync(ada, bob);
    }

    [Fact]
    public async Task Running_transfers_are_paused_resumed_and_cancelled_by_either_side()
    {
        (CliProcess ada, CliProcess bob) = await JoinAsync("--ask");
        (string source, byte[] hash) = TestFile.Create(Folder, "goat.bin", 20 * Mebibyte);
        ada.WriteLine($"/send {source}");
        await bob.ReadEventAsync("offer");

        // Paused before it is accepted, it moves only when it is resumed.
        ada.WriteLine("/pause");
        ada.WriteLine("/transfers");
        Assert.Equal("Paused", (string?)(await ada.ReadEventAsync("transfer"))["state"]);
        bob.WriteLine("/accept");
        await WaitForAsync(bob, "Paused");
        ada.WriteLine("/resume 1");
        Assert.Equal("Completed", (string?)(await bob.ReadEventAsync("transfer", IsEnded))["state"]);
        Assert.Equal("Completed", (string?)(await ada.ReadEventAsync("transfer", IsEnded))["state"]);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Inbox, "goat.bin")));

        ada.WriteLine($"/send {TestFile.Create(Folder, "second.bin", 20 * Mebibyte).Path}");
        await bob.ReadEventAsync("offer");
        ada.WriteLine("/pause");
        bob.WriteLine("/accept");
        await WaitForAsync(bob, "Paused");
        bob.WriteLine("/cancel");
        Assert.Equal("Cancelled", (string?)(await bob.ReadEventAsync("transfer", IsEnded))["state"]);
        Assert.Contains("gave it up", (string?)(await ada.ReadEventAsync("transfer", IsEnded))["error"], StringComparison.Ordinal);

        ada.WriteLine($"/send {TestFile.Create(Folder, "third.bin", 10).Path}");
        Assert.Equal(3, (int)(await bob.ReadEventAsync("offer"))["number"]!);
        ada.WriteLine("/cancel 3");
        Assert.Equal(3, (int)(await bob.ReadEventAsync("withdrawn"))["number"]!);
        Assert.Equal("Cancelled", (string?)(await ada.ReadEventAsync("transfer", IsEnded))["state"]);
        await QuitAsync(ada, bob);
        Assert.Equal("", bob.Errors);
    }

    [Fact]
    public async Task Wrong_commands_are_explained()
    {
        (CliProcess ada, CliProcess bob) = await JoinAsync();
        foreach (string line in new[] { "/dance", "/send", "/send no-such-file", "/accept", "/pause", "/cancel 4" })
        {
            bob.WriteLine(line);
        }

        await QuitAsync(ada, bob);
        Assert.Collection(
            bob.Errors.TrimEnd().Split('\n'),
            e => Assert.Contains("There is no command /dance; /help", e, StringComparison.Ordinal),
            e => Assert.Contains("Name a file", e, StringComparison.Ordinal),
            e => Assert.Contains("no-such-file", e, StringComparison.Ordinal),
            e => Assert.Contains("There is no offer.", e, StringComparison.Ordinal),
            e => Assert.Contains("There is no transfer.", e, StringComparison.Ordinal),
            e => Assert.Contains("There is no transfer.", e, StringComparison.Ordinal));
    }

    private static bool IsEnded(JsonObject transfer) => (string?)transfer["state"] is not ("Offered" or "Active" or "Paused");

    // Asks until a transfer is shown in a state: the command and the peer's message are not ordered.
    private static async Task WaitForAsync(CliProcess process, string state)
    {
        bool isShown = false;
        while (!isShown)
        {
            process.WriteLine("/transfers");
            JsonObject line;
            do
            {
                line = JsonNode.Parse(await process.ReadLineAsync())!.AsObject();
                isShown |= (string?)line["event"] == "transfer" && (string?)line["state"] == state;
            }
            while ((string?)line["event"] != "transfers");
        }
    }

    private static async Task QuitAsync(params CliProcess[] processes)
    {
        foreach (CliProcess process in processes)
        {
            process.WriteLine("/quit");
            Assert.Equal(0, (await process.EndAsync()).ExitCode);
        }
    }

    private async Task<(CliProcess Ada, CliProcess Bob)> JoinAsync(params string[] options)
    {
        string server = await ServeAsync();
        CliProcess bob = Start("bob", ["chat", "--server", server, "--room", "lobby", "--name", "bob", "--output", Inbox, "--commands", "--json", .. options]);
        await bob.ReadEventAsync("joined");
        CliProcess ada = Start("ada", ["chat", "--server", server, "--room", "lobby", "--name", "ada", "--commands", "--json"]);
        await ada.ReadEventAsync("join");
        await bob.ReadEventAsync("join");
        return (ada, bob);
    }
}
