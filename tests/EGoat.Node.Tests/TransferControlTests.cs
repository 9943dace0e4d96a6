using EGoat.Mesh;

namespace EGoat.Node.Tests;

/// <summary>Transfers under way: paused, resumed and cancelled by either side; several receivers, early and late.</summary>
public sealed class TransferControlTests : TwoRoomsTest
{
    private const int Block = TreeHash.BlockSize;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Either_side_pauses_and_resumes(bool bySender)
    {
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", 60 * Block);
        Room room = bySender ? AdasRoom : BobsRoom;
        using RoomSubscription here = room.Subscribe();
        using RoomSubscription there = (bySender ? BobsRoom : AdasRoom).Subscribe();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [path], MaxRate = 40 * Block }, Cancelled);
        EGoatTransfer running = await FirstAsync(here, t => t.BytesTransferred > 0);
        room.PauseTransfer(running.Id);
        await FirstAsync(here, t => t.State == EGoatTransferState.Paused);
        await FirstAsync(there, t => t.State == EGoatTransferState.Paused);
        Assert.False(send.Completion.IsCompleted);
        room.ResumeTransfer(running.Id);
        await FirstAsync(there, t => t.State == EGoatTransferState.Active);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await send.Completion.WaitAsync(Cancelled)).State);
        Assert.Equal(hash, Testing.TestFile.HashOf(Path.Combine(Bob.Inbox, "goat.bin")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Either_side_cancels_and_what_was_verified_is_kept(bool bySender)
    {
        (string path, _) = Ada.CreateFile("goat.bin", 60 * Block);
        Room room = bySender ? AdasRoom : BobsRoom;
        using RoomSubscription here = room.Subscribe();
        using RoomSubscription received = BobsRoom.Subscribe();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [path], MaxRate = 40 * Block }, Cancelled);
        room.CancelTransfer((await FirstAsync(here, t => t.BytesTransferred > 3 * Block)).Id);
        EGoatTransfer sent = Assert.Single(await send.Completion.WaitAsync(Cancelled));
        Assert.Equal(bySender ? EGoatTransferState.Cancelled : EGoatTransferState.Failed, sent.State);
        Assert.Equal(EGoatTransferState.Cancelled, (await FirstAsync(received, t => t.IsEnded)).State);
        EGoatTransfer again = Assert.Single(await SendAsync(new SendFileOptions { Paths = [path] }));
        Assert.Equal(EGoatTransferState.Completed, again.State);
        Assert.True(again.BytesResumed > 0);
    }

    [Fact]
    public void A_transfer_that_does_not_run_is_named_in_the_error()
    {
        RoomException e = Assert.Throws<RoomException>(() => AdasRoom.PauseTransfer("nothing"));
        Assert.Contains("'nothing'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Those_who_are_chosen_and_those_who_come_in_time_are_served()
    {
        await using Installation carol = Installation.Create();
        await using Installation dave = Installation.Create();
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", Block);
        RoomException nobody = Assert.Throws<RoomException>(() => AdasRoom.SendFiles(new SendFileOptions { Paths = [path], To = ["bob", "carol"] }, Cancelled));
        Assert.Contains("'carol'", nobody.Message, StringComparison.Ordinal);
        using var window = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using RoomSubscription events = AdasRoom.Subscribe();
        FileSend send = AdasRoom.SendFiles(new SendFileOptions { Paths = [path], To = ["bob", "carol"], JoinWindow = TimeSpan.FromSeconds(5) }, window.Token);
        Assert.Equal("bob", Assert.Single(send.Recipients).Name);
        await dave.JoinAsync(Server, "dave", Cancelled);
        await carol.JoinAsync(Server, "carol", Cancelled);
        await FirstAsync(events, t => t is { Peer: "carol", State: EGoatTransferState.Completed });
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.WaitAsync(Cancelled);
        Assert.Equal(["bob", "carol"], transfers.Select(t => t.Peer).Order());
        Assert.All(transfers, t => Assert.Equal(EGoatTransferState.Completed, t.State));
        Assert.Equal(hash, Testing.TestFile.HashOf(Path.Combine(carol.Inbox, "goat.bin")));
        Assert.False(Directory.Exists(dave.Inbox));
    }

    // What comes from a stream is read once: all receivers get the same bytes.
    [Fact]
    public async Task A_stream_goes_to_several_receivers()
    {
        await using Installation carol = Installation.Create();
        await carol.JoinAsync(Server, "carol", Cancelled);
        await AdasRoom.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        var content = new byte[(50 * Block) + 1];
        new Random(7).NextBytes(content);
        IReadOnlyList<EGoatTransfer> transfers = await SendAsync(new SendFileOptions { Content = new MemoryStream(content), ContentName = "stream" });
        Assert.Equal(2, transfers.Count);
        Assert.All(transfers, t => Assert.True(t.State == EGoatTransferState.Completed, t.Error));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(carol.Inbox, "stream"), Cancelled));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(Bob.Inbox, "stream"), Cancelled));
    }
}
