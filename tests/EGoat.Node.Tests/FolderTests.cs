using System.Security.Cryptography;
using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Node.Tests;

/// <summary>Folders arrive as they are; links and special files stay behind, and are named.</summary>
public sealed class FolderTests : TwoRoomsTest
{
    private string Tree => Path.Combine(Ada.Folder, "tree");

    private string Received => Path.Combine(Bob.Inbox, "tree");

    [Fact]
    public async Task A_folder_arrives_with_everything_in_it()
    {
        CreateTree();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Tree + "/"], Recurse = true }, Cancelled);
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.WaitAsync(Cancelled);
        Assert.Empty(send.Skipped);
        Assert.Equal(6, transfers.Count);
        Assert.All(transfers, t => Assert.True(t.State == EGoatTransferState.Completed, t.Error));
        Assert.Equal(Describe(Tree), Describe(Received));
    }

    [Fact]
    public async Task A_folder_that_is_there_already_does_not_travel_again()
    {
        CreateTree();
        await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true });
        string before = Describe(Received);
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true });
        Assert.All(transfers, t => Assert.Equal((EGoatTransferState.Completed, 0, t.Length), (t.State, t.BytesTransferred, t.BytesResumed)));
        Assert.Equal(before, Describe(Received));
    }

    // More files than stay open between comparing and receiving.
    [Fact]
    public async Task Many_small_files_arrive_and_the_rest_of_them_goes_on()
    {
        int count = LongRun.Choose(300, 3000);
        Directory.CreateDirectory(Tree);
        for (int i = 0; i < count; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(Tree, $"{i:D4}"), $"file {i}", Cancelled);
        }

        await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true });
        File.Delete(Path.Combine(Received, "0007"));
        await File.WriteAllTextAsync(Path.Combine(Tree, "0299"), "file twohundredninetynine", Cancelled);
        BobsRoom.SetReceive(new ReceiveOptions { Destination = Bob.Inbox, Existing = ExistingFile.Overwrite });
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true });
        Assert.Equal(["tree/0007", "tree/0299"], transfers.Where(t => t.BytesTransferred > 0).Select(t => t.Name).Order());
        Assert.Equal(Describe(Tree), Describe(Received));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Links_are_followed_only_on_demand_and_inside_the_tree(bool follows)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // making a link takes rights there that few have
        }

        string outside = Path.Combine(Ada.Folder, "secret.txt");
        await File.WriteAllTextAsync(outside, "secret", Cancelled);
        Directory.CreateDirectory(Path.Combine(Tree, "sub"));
        await File.WriteAllTextAsync(Path.Combine(Tree, "sub", "goat.txt"), "goat", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Tree, "inside"), "sub/goat.txt");
        File.CreateSymbolicLink(Path.Combine(Tree, "outside"), outside);
        File.CreateSymbolicLink(Path.Combine(Tree, "now\u001b[2J\u202ehere"), "gone");
        Directory.CreateSymbolicLink(Path.Combine(Tree, "sub", "loop"), "..");
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Tree], Recurse = true, FollowSymlink = follows }, Cancelled);
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.WaitAsync(Cancelled);
        Assert.All(transfers, t => Assert.Equal(EGoatTransferState.Completed, t.State));
        Assert.Equal(follows ? ["tree/inside", "tree/sub/goat.txt"] : ["tree/sub/goat.txt"], transfers.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal(follows ? 3 : 4, send.Skipped.Count);
        Assert.Contains(send.Skipped, s => s.Contains(@"now\u001b[2J\u202ehere", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Received, "outside")));
    }

    [Fact]
    public async Task Patterns_choose_what_is_sent()
    {
        CreateTree();
        Directory.CreateDirectory(Path.Combine(Tree, "bin"));
        await File.WriteAllTextAsync(Path.Combine(Tree, "bin", "other.txt"), "no", Cancelled);
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true, Include = ["*.TXT", "tree/sub/*.bin"], Exclude = ["bin", "we*"] });
        Assert.Equal(["tree/goat.txt", "tree/sub/big.bin"], transfers.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(Received, "empty")));
    }

    [Fact]
    public void A_folder_is_refused_without_recurse()
    {
        CreateTree();
        RoomException e = Assert.Throws<RoomException>(() => AdasRoom.SendFiles([Tree], Cancelled));
        Assert.Contains("--recurse", e.Message, StringComparison.Ordinal);
    }

    // No receiver would take it: whoever sends is told, in one line that shows what is wrong.
    [Fact]
    public async Task A_name_that_would_disturb_a_console_is_not_sent()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // its file systems have no such names
        }

        string path = Path.Combine(Ada.Folder, "goat\u001b]0;title\a\nPS> ");
        await File.WriteAllTextAsync(path, "goat", Cancelled);
        RoomException e = Assert.Throws<RoomException>(() => AdasRoom.SendFiles([path], Cancelled));
        Assert.Contains(@"goat\u001b]0;title\u0007\u000aPS> ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [ProgramFact("mkfifo")]
    public async Task A_pipe_in_a_folder_is_skipped_and_nobody_waits_for_it()
    {
        CreateTree();
        string pipe = Path.Combine(Tree, "pipe");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            await made.WaitForExitAsync(Cancelled);
        }

        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Tree], Recurse = true }, Cancelled);
        Assert.Contains("neither a file nor a folder", Assert.Single(send.Skipped), StringComparison.Ordinal);
        Assert.Equal(6, (await send.Completion.WaitAsync(Cancelled)).Count);
    }

    [Fact]
    public async Task A_stream_of_unknown_length_arrives_as_a_file()
    {
        var content = new byte[(3 * TreeHash.BlockSize) + 17];
        new Random(3).NextBytes(content);
        EGoatTransfer sent = Assert.Single(await SendAsync(new SendFileOptions { Content = new MemoryStream(content), ContentName = "dump.sql" }));
        Assert.Equal((EGoatTransferState.Completed, content.Length), (sent.State, sent.Length));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(Bob.Inbox, "dump.sql"), Cancelled));

        // Of exactly two blocks, and of none.
        Assert.Equal(2 * TreeHash.BlockSize, Assert.Single(await SendAsync(new SendFileOptions { Content = new MemoryStream(content, 0, 2 * TreeHash.BlockSize), ContentName = "two" })).Length);
        Assert.Equal(0, Assert.Single(await SendAsync(new SendFileOptions { Content = new MemoryStream(), ContentName = "none" })).Length);
        Assert.Equal(0, new FileInfo(Path.Combine(Bob.Inbox, "none")).Length);
    }

    [Fact]
    public async Task Verified_content_goes_to_a_stream()
    {
        using var output = new MemoryStream();
        BobsRoom.SetReceive(new ReceiveOptions { Destination = "", Output = output });
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", (5 * TreeHash.BlockSize) + 3);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] })).State);
        Assert.Equal(hash, SHA256.HashData(output.ToArray()));
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_sent_is_not_delivered()
    {
        (string path, _) = Ada.CreateFile("goat.bin", 64 * TreeHash.BlockSize);
        using RoomSubscription events = BobsRoom.Subscribe();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [path], MaxRate = 40 * TreeHash.BlockSize }, Cancelled);
        await FirstAsync(events, t => t.BytesTransferred > 0);
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.WriteByte(1);
        }

        EGoatTransfer transfer = Assert.Single(await send.Completion.WaitAsync(Cancelled));
        Assert.Equal(EGoatTransferState.Failed, transfer.State);
        Assert.Contains("changed while it was sent", transfer.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Bob.Inbox, "goat.bin")));
    }

    private void CreateTree()
    {
        Directory.CreateDirectory(Path.Combine(Tree, "empty"));
        Directory.CreateDirectory(Path.Combine(Tree, "sub"));
        File.WriteAllText(Path.Combine(Tree, "goat.txt"), "goat");
        File.WriteAllText(Path.Combine(Tree, "zero"), "");
        File.WriteAllText(Path.Combine(Tree, "-leading 'quotes' $(calc) [a]`"), "taken literally");
        File.WriteAllText(Path.Combine(Tree, "[a]*? “typographic” ‘quotes’"), "these too");
        File.WriteAllText(Path.Combine(Tree, "weird \u202e name"), "shown otherwise");
        TestFile.Create(Path.Combine(Tree, "sub"), "big.bin", TreeHash.BlockSize + 1);
        File.SetLastWriteTimeUtc(Path.Combine(Tree, "goat.txt"), new DateTime(2020, 2, 2, 2, 2, 2, DateTimeKind.Utc));
        Directory.SetLastWriteTimeUtc(Path.Combine(Tree, "empty"), new DateTime(2019, 1, 1, 1, 1, 1, DateTimeKind.Utc));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(Tree, "sub", "big.bin"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            File.SetUnixFileMode(Path.Combine(Tree, "sub"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // Names, times in milliseconds, permissions, content.
    private static string Describe(string root) => string.Join('\n', new DirectoryInfo(root).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        .Select(i => $"{Path.GetRelativePath(root, i.FullName)} {new DateTimeOffset(i.LastWriteTimeUtc).ToUnixTimeMilliseconds()} {(OperatingSystem.IsWindows() ? 0 : i.UnixFileMode)} {(i is FileInfo ? Convert.ToHexString(TestFile.HashOf(i.FullName)) : "folder")}")
        .Order(StringComparer.Ordinal));
}
