using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Node.Tests;

/// <summary>What the receiver holds already does not travel, and is not believed before it is hashed.</summary>
public sealed class ResumeTests : TwoRoomsTest
{
    private const int Block = TreeHash.BlockSize;

    [Fact]
    public async Task A_transfer_that_was_cut_goes_on_and_a_damaged_block_of_it_is_mended()
    {
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", (120 * Block) + 77);
        string partial = await CutAsync(path);
        long held = new FileInfo(partial).Length;
        Assert.InRange(held, 3 * Block, 120 * Block);
        await using (FileStream file = File.OpenWrite(partial))
        {
            file.Position = Block + 5;
            file.WriteByte((byte)(~(await File.ReadAllBytesAsync(path, Cancelled))[Block + 5]));
        }

        EGoatTransfer sent = await SendAsync(path);
        Assert.Equal(((held / Block) - 1) * Block, sent.BytesResumed);
        Assert.Equal(sent.Length, sent.BytesResumed + sent.BytesTransferred);
        EGoatTransfer received = BobsRoom.Transfers.Last(t => t.State == EGoatTransferState.Completed);
        Assert.Equal((sent.BytesResumed, sent.BytesTransferred, sent.TreeHash), (received.BytesResumed, received.BytesTransferred, received.TreeHash));
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(Bob.Inbox, "goat.bin")));
        Assert.Single(Directory.GetFiles(Bob.Inbox));
    }

    [Fact]
    public async Task A_source_that_has_changed_meanwhile_is_delivered_as_it_is_now()
    {
        (string path, _) = Ada.CreateFile("goat.bin", 120 * Block);
        await CutAsync(path);
        Ada.CreateFile("goat.bin", (100 * Block) + 1);
        EGoatTransfer sent = await SendAsync(path);
        Assert.Equal(0, sent.BytesResumed);
        Assert.Equal(await File.ReadAllBytesAsync(path, Cancelled), await File.ReadAllBytesAsync(Path.Combine(Bob.Inbox, "goat.bin"), Cancelled));
    }

    [Fact]
    public async Task An_identical_file_that_is_there_counts_as_delivered_and_nothing_travels()
    {
        (string path, byte[] hash) = Ada.CreateFile("goat.bin", (5 * Block) + 1);
        await SendAsync(path);
        EGoatTransfer again = await SendAsync(path);
        Assert.Equal((again.Length, 0L), (again.BytesResumed, again.BytesTransferred));
        Assert.Equal(hash, TestFile.HashOf(Assert.Single(Directory.GetFiles(Bob.Inbox))));
    }

    [Fact]
    public async Task Of_a_changed_file_only_the_changed_blocks_travel_when_it_is_overwritten()
    {
        BobsRoom.SetReceive(new ReceiveOptions { Destination = Bob.Inbox, Existing = ExistingFile.Overwrite });
        await AdasRoom.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        (string path, _) = Ada.CreateFile("goat.bin", 20 * Block);
        await SendAsync(path);
        await using (FileStream file = File.OpenWrite(path))
        {
            file.Position = (7 * Block) + 1000;
            file.Write("changed"u8);
            file.Position = 20 * Block;
            file.Write("and longer"u8);
        }

        EGoatTransfer sent = await SendAsync(path);
        Assert.Equal(19 * Block, sent.BytesResumed);
        Assert.Equal(Block + "and longer".Length, sent.BytesTransferred);
        Assert.Equal(TestFile.HashOf(path), TestFile.HashOf(Assert.Single(Directory.GetFiles(Bob.Inbox))));

        // Of a shorter one nothing does.
        await using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength((4 * Block) + 3);
        }

        sent = await SendAsync(path);
        Assert.Equal((4 * Block) + 3, sent.BytesResumed);
        Assert.Equal(TestFile.HashOf(path), TestFile.HashOf(Assert.Single(Directory.GetFiles(Bob.Inbox))));
    }

    private async Task<EGoatTransfer> SendAsync(string path)
    {
        EGoatTransfer transfer = Assert.Single(await AdasRoom.SendFiles([path], cancellationToken: Cancelled).Completion.WaitAsync(Cancelled));
        Assert.True(transfer.State == EGoatTransferState.Completed, transfer.Error);
        return transfer;
    }

    // Cancelled in the middle; returns the partial file that is left.
    private async Task<string> CutAsync(string path)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using RoomSubscription events = BobsRoom.Subscribe();
        FileSend send = AdasRoom.SendFiles([path], cancellationToken: stop.Token);
        await FirstAsync(events, t => t.BytesTransferred > 3 * Block);
        await stop.CancelAsync();
        Assert.Equal(EGoatTransferState.Cancelled, Assert.Single(await send.Completion.WaitAsync(Cancelled)).State);
        await FirstAsync(events, t => t.IsEnded);
        return Assert.Single(Directory.GetFiles(Bob.Inbox, ".egoat-*.part"));
    }
}
