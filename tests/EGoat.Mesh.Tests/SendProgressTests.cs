using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>What a receiver may say of what was sent, and what it may not.</summary>
public sealed class SendProgressTests
{
    private readonly SendProgress _progress = new([10, 10, 10]);

    [Fact]
    public void No_more_is_acknowledged_than_was_sent_and_never_less_than_before()
    {
        _progress.NoteSent(10);
        Assert.True(Take(Ack(4)));
        Assert.Equal(6, _progress.Unacknowledged);
        Assert.False(Take(Ack(3)));
        Assert.False(Take(Ack(11)));
        Assert.True(Take(Ack(10)));
        Assert.Equal(0, _progress.Unacknowledged);
    }

    [Fact]
    public void Only_what_was_sent_to_its_end_is_stored_and_once()
    {
        _progress.Accept([0, 1]);
        Assert.False(Take(Stored(0)));
        _progress.NoteEnd(0);
        Assert.Equal(1, _progress.Unconfirmed);
        Assert.True(Take(Stored(0)));
        Assert.Equal(0, _progress.Unconfirmed);
        Assert.False(Take(Stored(0)));
        Assert.False(Take(FileFrame.CreateStored(0, FileFrame.StatusFailed, "no")));
        Assert.False(Take(Stored(3)));
        Assert.False(_progress.IsSettled);
        Assert.True(Take(FileFrame.CreateStored(1, FileFrame.StatusFailed, "\u001b[2J")));
        Assert.Equal(new FileOutcome(EGoatTransferState.Failed, @"\u001b[2J"), _progress.GetOutcome(1));
        Assert.True(_progress.IsSettled);
        Assert.True(_progress.IsDeclined(2));
    }

    [Fact]
    public void A_reason_for_what_is_not_taken_may_overtake_the_answer()
    {
        Assert.True(Take(FileFrame.CreateStored(2, FileFrame.StatusUnwanted, "")));
        _progress.Accept([0]);
        Assert.Equal(new FileOutcome(EGoatTransferState.Rejected, "The receiver did not want this file."), _progress.GetOutcome(2));
        Assert.False(_progress.IsSettled);
        _progress.NoteEnd(0);
        Assert.True(Take(Stored(0)));
        Assert.True(_progress.IsSettled);
    }

    [Fact]
    public void Of_a_skip_and_a_failure_that_cross_the_first_counts()
    {
        _progress.Accept([0, 1, 2]);
        Assert.True(_progress.Skip(0, "gone"));
        Assert.True(Take(FileFrame.CreateStored(0, FileFrame.StatusFailed, "full")));
        Assert.Equal("gone", _progress.GetOutcome(0)?.Reason);
        Assert.True(Take(FileFrame.CreateStored(1, FileFrame.StatusFailed, "full")));
        Assert.False(_progress.Skip(1, "gone"));
        Assert.Equal("full", _progress.GetOutcome(1)?.Reason);
        Assert.Equal(0, _progress.Unconfirmed);
    }

    private static byte[] Ack(long bytes)
    {
        var frame = new byte[FileFrame.AckFrameLength];
        FileFrame.WriteAck(frame, bytes);
        return frame;
    }

    private static byte[] Stored(int file)
    {
        var frame = new byte[FileFrame.StoredFrameLength];
        FileFrame.WriteStored(frame, file, isStored: true);
        return frame;
    }

    private bool Take(byte[] bytes) => FileFrame.TryParse(bytes, out FileFrame frame) && _progress.TryHandle(frame, out _);
}
