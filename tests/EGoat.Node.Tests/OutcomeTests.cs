using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Node.Tests;

/// <summary>What becomes of each file is its own matter, and what is said of it is the same on both sides.</summary>
public sealed class OutcomeTests : TwoRoomsTest
{
    private const int Block = TreeHash.BlockSize;

    private string Tree => Path.Combine(Ada.Folder, "tree");

    // They vanish, change and grow while somebody is asked: after the offer, before they are read.
    [Fact]
    public async Task Files_that_are_not_what_was_offered_are_told_one_by_one_and_all_others_arrive()
    {
        Directory.CreateDirectory(Tree);
        foreach (string name in new[] { "a", "changed", "empty", "gone", "k", "z" })
        {
            await File.WriteAllTextAsync(Path.Combine(Tree, name), name == "empty" ? "" : name, Cancelled);
        }

        BobsRoom.SetReceive(new ReceiveOptions
        {
            Destination = Bob.Inbox,
            Ask = async (_, _) =>
            {
                await File.WriteAllTextAsync(Path.Combine(Tree, "changed"), "something else", Cancelled);
                await File.WriteAllTextAsync(Path.Combine(Tree, "empty"), "not any more", Cancelled);
                File.Delete(Path.Combine(Tree, "gone"));
                return FileAnswer.Accept;
            },
        });
        IReadOnlyList<EGoatTransfer> sent = await SendAsync(new SendFileOptions { Paths = [Tree], Recurse = true });
        Assert.Equal(["tree/a", "tree/k", "tree/z"], sent.Where(t => t.State == EGoatTransferState.Completed).Select(t => t.Name).Order());
        Assert.Equal(["a", "k", "z"], Directory.GetFiles(Path.Combine(Bob.Inbox, "tree")).Select(Path.GetFileName).Order());
        EGoatTransfer[] here = [.. sent.Where(t => t.State == EGoatTransferState.Failed).OrderBy(t => t.Name)];
        Assert.Equal(["tree/changed", "tree/empty", "tree/gone"], here.Select(t => t.Name));
        Assert.All(here, t => Assert.True(t.IsLeftOut));
        Assert.Contains("has changed since it was offered", here[0].Error, StringComparison.Ordinal);
        Assert.Contains("has changed since it was offered", here[1].Error, StringComparison.Ordinal);
        Assert.Equal("The file 'tree/gone' is not there any more.", here[2].Error);
        EGoatTransfer[] there = [.. BobsRoom.Transfers.Where(t => t.State == EGoatTransferState.Failed).OrderBy(t => t.Name)];
        Assert.Equal(here.Select(t => (t.Name, $"It was not sent: {t.Error}", true)), there.Select(t => (t.Name, t.Error!, t.IsLeftOut)));
    }

    [Fact]
    public async Task What_cannot_be_named_or_found_is_listed_and_the_rest_is_sent()
    {
        string good = Create("good", "good");
        string odd = Create("a\\b", "odd");
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Path.Combine(Ada.Folder, "missing"), odd, good] }, Cancelled);
        Assert.Equal(
            [$"'{Path.Combine(Ada.Folder, "missing")}' was skipped: it is not there.", $"'{odd}' was skipped: it has a backslash."],
            send.Skipped);
        Assert.Equal((1, "good"), (send.FileCount, Assert.Single(await send.Completion.WaitAsync(Cancelled)).Name));
        RoomException nothing = Assert.Throws<RoomException>(() => AdasRoom.SendFiles([odd], Cancelled));
        Assert.Contains("it has a backslash", nothing.Message, StringComparison.Ordinal);
    }

    [ProgramFact("bash")]
    public async Task A_name_that_is_not_utf_8_is_listed_and_the_rest_of_the_folder_is_sent()
    {
        Directory.CreateDirectory(Tree);
        await File.WriteAllTextAsync(Path.Combine(Tree, "good"), "good", Cancelled);
        await RunAsync("touch \"$0\"/$'b\\xffd'");

        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Tree], Recurse = true }, Cancelled);
        Assert.EndsWith("was skipped: its name is not UTF-8.", Assert.Single(send.Skipped), StringComparison.Ordinal);
        Assert.Equal("tree/good", Assert.Single(await send.Completion.WaitAsync(Cancelled)).Name);
        await RunAsync("rm \"$0\"/*"); // nothing in .NET can name it

        async Task RunAsync(string command)
        {
            using var run = System.Diagnostics.Process.Start("bash", ["-c", command, Tree]);
            await run.WaitForExitAsync(Cancelled);
        }
    }

    [LinkFact]
    public async Task Of_a_link_that_is_named_the_target_arrives_under_the_name_of_the_link()
    {
        string target = Create("target.txt", "goat");
        string link = Path.Combine(Ada.Folder, "link.txt");
        File.CreateSymbolicLink(link, target);
        FileSend send = AdasRoom.SendFiles([link], Cancelled);
        Assert.Empty(send.Skipped);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await send.Completion.WaitAsync(Cancelled)).State);
        Assert.Equal("goat", await File.ReadAllTextAsync(Path.Combine(Bob.Inbox, "link.txt"), Cancelled));
        File.Delete(target);
        Assert.Contains("the link leads nowhere", Assert.Throws<RoomException>(() => AdasRoom.SendFiles([link], Cancelled)).Message, StringComparison.Ordinal);
    }

    // Its name begins like that of the tree.
    [LinkFact]
    public async Task A_link_out_of_the_tree_into_a_folder_of_a_similar_name_is_not_followed()
    {
        string secret = Directory.CreateDirectory(Tree + "-secret").FullName;
        await File.WriteAllTextAsync(Path.Combine(secret, "key"), "secret", Cancelled);
        Directory.CreateDirectory(Tree);
        await File.WriteAllTextAsync(Path.Combine(Tree, "goat"), "goat", Cancelled);
        File.CreateSymbolicLink(Path.Combine(Tree, "file"), Path.Combine(secret, "key"));
        Directory.CreateSymbolicLink(Path.Combine(Tree, "folder"), secret);
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [Tree], Recurse = true, FollowSymlink = true }, Cancelled);
        Assert.Equal(2, send.Skipped.Count);
        Assert.All(send.Skipped, s => Assert.Contains("leads out of the tree", s, StringComparison.Ordinal));
        Assert.Equal("tree/goat", Assert.Single(await send.Completion.WaitAsync(Cancelled)).Name);
    }

    // The same relative name from two folders, at once and after each other: neither takes the other for its own.
    [Fact]
    public async Task Two_files_of_one_name_arrive_both()
    {
        string[] paths = [.. new[] { "one", "two" }.Select(folder => TestFile.Create(Directory.CreateDirectory(Path.Combine(Ada.Folder, folder)).FullName, "goat.bin", 40 * Block).Path)];
        await using (FileStream second = File.OpenWrite(paths[1]))
        {
            second.Write("another"u8);
        }

        FileSend[] sending = [.. paths.Select(p => AdasRoom.SendFiles(new SendFileOptions { Paths = [p], MaxRate = 80 * Block }, Cancelled))];
        foreach (FileSend send in sending)
        {
            EGoatTransfer ended = Assert.Single(await send.Completion.WaitAsync(Cancelled));
            Assert.True(ended.State == EGoatTransferState.Completed, ended.Error);
        }

        string[] received = Directory.GetFiles(Bob.Inbox);
        Assert.Equal(["goat (2).bin", "goat.bin"], received.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(paths.Select(p => Convert.ToHexString(TestFile.HashOf(p))).Order(), received.Select(p => Convert.ToHexString(TestFile.HashOf(p))).Order());
    }

    // What was cut of one file is of no use to another one of its name, and is still there for the first.
    [Fact]
    public async Task Only_the_same_source_goes_on_with_what_was_cut()
    {
        string[] paths = [.. new[] { "one", "two" }.Select(folder => TestFile.Create(Directory.CreateDirectory(Path.Combine(Ada.Folder, folder)).FullName, "goat.bin", 60 * Block).Path)];
        using RoomSubscription events = BobsRoom.Subscribe();
        FileSend cut = AdasRoom.SendFiles(new SendFileOptions { Paths = [paths[0]], MaxRate = 40 * Block }, Cancelled);
        AdasRoom.CancelTransfer((await FirstAsync(events, t => t.BytesTransferred > 5 * Block)).Id);
        await cut.Completion.WaitAsync(Cancelled);
        await FirstAsync(events, t => t.IsEnded);
        EGoatTransfer other = Assert.Single(await SendAsync(new SendFileOptions { Paths = [paths[1]] }));
        Assert.Equal((EGoatTransferState.Completed, 0L), (other.State, other.BytesResumed));
        File.Delete(Path.Combine(Bob.Inbox, "goat.bin"));
        EGoatTransfer again = Assert.Single(await SendAsync(new SendFileOptions { Paths = [paths[0]] }));
        Assert.Equal(EGoatTransferState.Completed, again.State);
        Assert.True(again.BytesResumed >= 5 * Block, $"{again.BytesResumed}");
    }

    [Fact]
    public async Task A_shorter_file_over_a_longer_partial_one_has_no_old_tail()
    {
        (string path, _) = Ada.CreateFile("goat.bin", 60 * Block);
        using RoomSubscription events = BobsRoom.Subscribe();
        FileSend cut = AdasRoom.SendFiles(new SendFileOptions { Paths = [path], MaxRate = 40 * Block }, Cancelled);
        AdasRoom.CancelTransfer((await FirstAsync(events, t => t.BytesTransferred > 5 * Block)).Id);
        await cut.Completion.WaitAsync(Cancelled);
        await FirstAsync(events, t => t.IsEnded);
        await using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength((2 * Block) + 9);
        }

        EGoatTransfer again = Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] }));
        Assert.Equal((EGoatTransferState.Completed, again.Length), (again.State, again.BytesResumed));
        Assert.Equal(TestFile.HashOf(path), TestFile.HashOf(Assert.Single(Directory.GetFiles(Bob.Inbox))));
    }

    // The limit is crossed far behind the first frame, and by no single one.
    [Fact]
    public async Task A_stream_of_many_frames_ends_where_it_becomes_longer_than_allowed_and_leaves_nothing()
    {
        BobsRoom.SetReceive(new ReceiveOptions { Destination = Bob.Inbox, MaxLength = (2 * Block) + 1000 });
        EGoatTransfer ended = Assert.Single(await SendAsync(new SendFileOptions { Content = new MemoryStream(new byte[20 * Block]), ContentName = "long" }));
        Assert.Equal(EGoatTransferState.Failed, ended.State);
        Assert.Contains("longer than 2,098,152 bytes", ended.Error, StringComparison.Ordinal);
        await FirstEndedAsync();
        Assert.InRange(Assert.Single(BobsRoom.Transfers).BytesTransferred, 2 * Block, (2 * Block) + 1000);
        Assert.Empty(Directory.GetFiles(Bob.Inbox));
        Assert.Equal((2 * Block) + 1000, Assert.Single(await SendAsync(new SendFileOptions { Content = new MemoryStream(new byte[(2 * Block) + 1000]), ContentName = "just" })).Length);
    }

    [Fact]
    public async Task Of_a_filtered_offer_those_files_are_taken_that_were_shown()
    {
        BobsRoom.SetReceive(new ReceiveOptions
        {
            Destination = Bob.Inbox,
            Exclude = ["a*", "c*"],
            Ask = (offer, _) =>
            {
                Assert.Equal(["b", "d", "e"], offer.Files.Select(f => f.Path));
                return Task.FromResult(FileAnswer.AcceptSome([offer.Files[1].Index]));
            },
        });
        IReadOnlyList<EGoatTransfer> sent = await SendAsync(new SendFileOptions { Paths = [.. new[] { "a", "b", "c", "d", "e" }.Select(n => Create(n, n))] });
        Assert.Equal("d", Assert.Single(sent, t => t.State == EGoatTransferState.Completed).Name);
        Assert.Equal("d", await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Bob.Inbox)), Cancelled));
        Assert.Equal(
            [("a", "Files of this name are not wanted."), ("b", "It is not wanted."), ("c", "Files of this name are not wanted."), ("e", "It is not wanted.")],
            sent.Where(t => t.State == EGoatTransferState.Rejected).Select(t => (t.Name, t.Error!)).Order());
    }

    // Bob's umask holds unless he asks for the sender's bits.
    [Fact]
    public async Task Permissions_are_those_of_the_sender_within_the_umask()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode all = (UnixFileMode)0x1FF;
        UnixFileMode allowed = File.GetUnixFileMode(Directory.CreateDirectory(Path.Combine(Ada.Folder, "ordinary")).FullName);
        string path = Create("tool", "goat");
        File.SetUnixFileMode(path, all);
        await SendAsync(new SendFileOptions { Paths = [path] });
        Assert.Equal(allowed, File.GetUnixFileMode(Path.Combine(Bob.Inbox, "tool")));
        BobsRoom.SetReceive(new ReceiveOptions { Destination = Bob.Inbox, PreserveMode = true, Existing = ExistingFile.Overwrite });
        await File.WriteAllTextAsync(path, "other", Cancelled);
        await SendAsync(new SendFileOptions { Paths = [path] });
        Assert.Equal(all, File.GetUnixFileMode(Path.Combine(Bob.Inbox, "tool")));
    }

    // Who leaves says so: nobody waits for it, and what had arrived by then has arrived.
    [Fact]
    public async Task Who_leaves_in_the_middle_is_not_waited_for_and_every_file_has_its_true_outcome()
    {
        string[] paths = [Create("first", "1"), Create("second", "2"), TestFile.Create(Ada.Folder, "third", 60 * Block).Path];
        using RoomSubscription events = BobsRoom.Subscribe();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = paths, MaxRate = 20 * Block }, Cancelled);
        await FirstAsync(events, t => t is { Name: "third", BytesTransferred: > Block });
        await BobsRoom.LeaveAsync(Cancelled);
        IReadOnlyList<EGoatTransfer> ended = await send.Completion.WaitAsync(Cancelled); // within the test's minute, which is less than a return may take
        Assert.Equal(
            [("first", EGoatTransferState.Completed), ("second", EGoatTransferState.Completed), ("third", EGoatTransferState.Failed)],
            ended.Select(t => (t.Name, t.State)).Order());
        Assert.Contains("left", ended.Single(t => t.Name == "third").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_has_died_fails_the_file_on_both_sides()
    {
        BobsRoom.SetReceive(new ReceiveOptions { Destination = "", Output = new DyingStream(3 * Block) });
        (string path, _) = Ada.CreateFile("goat.bin", 40 * Block);
        EGoatTransfer sent = Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] }));
        Assert.Equal((EGoatTransferState.Failed, "Broken pipe"), (sent.State, sent.Error));
        await FirstEndedAsync();
        Assert.Equal((EGoatTransferState.Failed, "Broken pipe"), (Assert.Single(BobsRoom.Transfers).State, BobsRoom.Transfers[0].Error));

        // What takes the last byte and then closes has taken all.
        BobsRoom.SetReceive(new ReceiveOptions { Destination = "", Output = new DyingStream(40 * Block) });
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] })).State);
    }

    private string Create(string name, string content)
    {
        string path = Path.Combine(Ada.Folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private async Task FirstEndedAsync()
    {
        using RoomSubscription events = BobsRoom.Subscribe();
        if (!BobsRoom.Transfers.Any(t => t.IsEnded))
        {
            await FirstAsync(events, t => t.IsEnded);
        }
    }

    /// <summary>Takes so many bytes.</summary>
    private sealed class DyingStream(long left) : Stream
    {
        private long _left = left;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            _left -= count;
            if (_left < 0)
            {
                throw new IOException("Broken pipe");
            }
        }
    }
}

/// <summary>A test that makes links or sets permissions, which not everybody may on Windows.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinkFactAttribute : FactAttribute
{
    public LinkFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Links and permission bits are those of Unix." : null;
}
