using EGoat.Mesh;

namespace EGoat.Node.Tests;

/// <summary>What a receiver allows: from whom, which, how large, how much, and what if it is there.</summary>
public sealed class PolicyTests : TwoRoomsTest
{
    [Fact]
    public async Task Only_named_senders_are_received_from()
    {
        string path = Create("goat.txt", "goat");
        BobsRoom.SetReceive(Options with { From = ["somebody", BobsRoom.Identity] });
        EGoatTransfer refused = Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] }));
        Assert.Equal(EGoatTransferState.Rejected, refused.State);
        Assert.Contains("does not receive files from you", refused.Error, StringComparison.Ordinal);
        BobsRoom.SetReceive(Options with { From = [AdasRoom.Identity] });
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] })).State);
    }

    [Fact]
    public async Task Files_that_are_too_long_or_of_other_names_are_left_out_and_the_others_arrive()
    {
        BobsRoom.SetReceive(Options with { MaxLength = 4, Include = ["*.txt"], Exclude = ["secret*"] });
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [Create("goat.txt", "goat"), Create("long.txt", "goats"), Create("goat.exe", "goat"), Create("secret.txt", "goat")] });
        Assert.Equal("goat.txt", Assert.Single(transfers, t => t.State == EGoatTransferState.Completed).Name);
        Assert.Equal(3, transfers.Count(t => t.State == EGoatTransferState.Rejected));
        Assert.Equal("goat.txt", Path.GetFileName(Assert.Single(Directory.GetFiles(Bob.Inbox))));
        Assert.Contains(BobsRoom.Transfers, t => t.Name == "long.txt" && t.Error!.Contains("longer than 4 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_more_is_written_than_allowed_in_all()
    {
        BobsRoom.SetReceive(Options with { MaxTotalLength = 10 });
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await SendAsync(new SendFileOptions { Paths = [Create("one", "123456")] })).State);
        EGoatTransfer refused = Assert.Single(await SendAsync(new SendFileOptions { Paths = [Create("two", "12345")] }));
        Assert.Equal(EGoatTransferState.Rejected, refused.State);
        Assert.Contains("no more than 10 bytes in all", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExistingFile.Rename, "new.", EGoatTransferState.Completed, 2)]
    [InlineData(ExistingFile.Overwrite, "new.", EGoatTransferState.Completed, 1)]
    [InlineData(ExistingFile.Skip, "new.", EGoatTransferState.Rejected, 1)]
    [InlineData(ExistingFile.Fail, "new.", EGoatTransferState.Failed, 1)]
    [InlineData(ExistingFile.Fail, "another length", EGoatTransferState.Rejected, 1)]
    [InlineData(ExistingFile.Rename, "old.", EGoatTransferState.Completed, 1)]
    [InlineData(ExistingFile.Fail, "old.", EGoatTransferState.Completed, 1)]
    public async Task A_name_that_is_taken_is_handled_as_the_receiver_wants(ExistingFile existing, string content, EGoatTransferState state, int files)
    {
        Directory.CreateDirectory(Bob.Inbox);
        await File.WriteAllTextAsync(Path.Combine(Bob.Inbox, "goat.txt"), "old.", Cancelled);
        BobsRoom.SetReceive(Options with { Existing = existing });
        EGoatTransfer transfer = Assert.Single(await SendAsync(new SendFileOptions { Paths = [Create("goat.txt", content)] }));
        Assert.True(state == transfer.State, $"{transfer.State}: {transfer.Error}");
        Assert.Equal(existing == ExistingFile.Overwrite ? content : "old.", await File.ReadAllTextAsync(Path.Combine(Bob.Inbox, "goat.txt"), Cancelled));
        string[] there = Directory.GetFiles(Bob.Inbox, "goat*");
        Assert.Equal(files, there.Length);
        if (files == 2)
        {
            Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(Bob.Inbox, "goat (2).txt"), Cancelled));
        }
    }

    [Fact]
    public async Task The_receiver_sees_the_whole_offer_and_takes_some_of_it()
    {
        FileOffer? seen = null;
        BobsRoom.SetReceive(Options with
        {
            Ask = (offer, _) =>
            {
                seen = offer;
                return Task.FromResult(FileAnswer.AcceptSome([1]));
            },
        });
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [Create("a", "1"), Create("b", "22"), Create("c", "333")] });
        Assert.Equal(("ada", 6, "a b c"), (seen!.Peer.Name, seen.TotalLength, string.Join(' ', seen.Files.Select(f => f.Path))));
        Assert.Equal("b", Assert.Single(transfers, t => t.State == EGoatTransferState.Completed).Name);
        Assert.Equal(2, transfers.Count(t => t.State == EGoatTransferState.Rejected));

        BobsRoom.SetReceive(Options with { Ask = (_, _) => Task.FromResult(FileAnswer.Reject("No goats today.")) });
        EGoatTransfer rejected = Assert.Single(await SendAsync(new SendFileOptions { Paths = [Create("d", "1")] }));
        Assert.Equal((EGoatTransferState.Rejected, "The receiver rejected it: No goats today."), (rejected.State, rejected.Error));
    }

    [Fact]
    public async Task Some_of_very_many_files_are_taken()
    {
        string folder = Path.Combine(Ada.Folder, "tree");
        Directory.CreateDirectory(folder);
        for (int i = 0; i < 2500; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, $"{i:D4}.{(i % 1000 == 999 ? "exe" : "txt")}"), "", Cancelled);
        }

        BobsRoom.SetReceive(Options with { Exclude = ["*.exe"] });
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Paths = [folder], Recurse = true });
        Assert.Equal((2498, 2), (transfers.Count(t => t.State == EGoatTransferState.Completed), transfers.Count(t => t.State == EGoatTransferState.Rejected)));
    }

    [Fact]
    public async Task A_transfer_waits_for_its_turn()
    {
        var mayGo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int asked = 0;
        BobsRoom.SetReceive(Options with
        {
            MaxParallel = 1,
            Ask = async (_, _) =>
            {
                Interlocked.Increment(ref asked);
                await mayGo.Task;
                return FileAnswer.Accept;
            },
        });
        using RoomSubscription events = AdasRoom.Subscribe();
        Task<IReadOnlyList<EGoatTransfer>>[] sending = [SendAsync(new SendFileOptions { Paths = [Create("one", "1")] }), SendAsync(new SendFileOptions { Paths = [Create("two", "2")] })];
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref asked) > 0 && AdasRoom.Transfers.Count(t => t.State == EGoatTransferState.Offered) == 2, TimeSpan.FromSeconds(60)));
        Assert.Equal(1, asked);
        mayGo.SetResult();
        IReadOnlyList<EGoatTransfer>[] ended = await Task.WhenAll(sending);
        Assert.All(ended, e => Assert.Equal(EGoatTransferState.Completed, Assert.Single(e).State));
        Assert.Equal(2, asked);
    }

    private ReceiveOptions Options => new() { Destination = Bob.Inbox };

    private string Create(string name, string content)
    {
        string path = Path.Combine(Ada.Folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
