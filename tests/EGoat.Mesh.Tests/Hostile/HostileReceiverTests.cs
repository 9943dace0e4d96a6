using EGoat.Mesh.Protocol;
using EGoat.Testing;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>Peers that accept a file and then do not do their part: they are dropped after a minute, with a reason, and not before.</summary>
public sealed class HostileReceiverTests : HostileTest
{
    private const int Block = TreeHash.BlockSize;

    /// <summary>What a sender keeps unacknowledged at most.</summary>
    private const int MaxUnacknowledged = 16 * Block;

    /// <summary>What waits at most for one receiver: the channel's buffer, the receiver's window, and what is on its way into them.</summary>
    private const long MaxWaiting = RtcDataChannel.SendBufferLimit + (4 * Block) + Block;

    private static readonly TimeSpan JustBelowTheLimit = TimeSpan.FromSeconds(59);

    [Fact]
    public async Task A_receiver_that_acknowledges_nothing_for_a_minute_is_dropped_with_a_reason()
    {
        (FileSend send, string id, RtcDataChannel channel) = await AcceptAsync(40 * Block);
        await TakeAsync(channel, MaxUnacknowledged);

        // Every acknowledgement is another minute.
        long acknowledged = 0;
        for (int i = 0; i < 3; i++)
        {
            Time.Advance(JustBelowTheLimit);
            Assert.False(send.Completion.IsCompleted);
            acknowledged += Block;
            var ack = new byte[FileFrame.AckFrameLength];
            FileFrame.WriteAck(ack, acknowledged);
            await channel.SendAsync(ack, isText: false, Cancelled);
            await TakeAsync(channel, Block);
        }

        await DropAsync(send, id, "The receiver has acknowledged nothing for 60 seconds.");
    }

    [Fact]
    public async Task A_receiver_that_takes_nothing_is_dropped_with_a_reason()
    {
        (FileSend send, string id, RtcDataChannel channel) = await AcceptAsync(40 * Block);
        await EndAsync(send, "The receiver has taken nothing for 60 seconds.");

        // Its window is full, so it hears why when it takes what it has.
        Task draining = DrainAsync(channel);
        await HearAsync(id, "The receiver has taken nothing for 60 seconds.");
        await draining;
    }

    // Of a file of any length a receiver that reads nothing is sent what fills its window and the sender's buffer, and no more.
    [Fact]
    public async Task Eight_receivers_that_read_nothing_keep_little_of_a_file_waiting_each()
    {
        const int count = 8;
        IReadOnlyList<HostilePeer> receivers = await ConnectAsync(count);
        await Room.WaitForPeersAsync(count, acceptingFiles: true, Cancelled);
        FileSend send = Room.SendFiles([TestFile.Create(Folder, "goat.bin", LongRun.Choose(64, 1024) * (long)Block).Path], Cancelled);
        foreach (HostilePeer receiver in receivers)
        {
            (string id, _) = await receiver.AwaitOfferAsync(Cancelled);
            await receiver.SayAsync(new AcceptMessage(id, null, Have: false), Cancelled);
        }

        Assert.True(SpinWait.SpinUntil(() => Room.Transfers.Count(t => t.BytesTransferred >= RtcDataChannel.SendBufferLimit) == count, TimeSpan.FromSeconds(30)));
        while (await Task.WhenAny(send.Completion, Task.Delay(10, Cancelled)) != send.Completion)
        {
            Cancelled.ThrowIfCancellationRequested();
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        IReadOnlyList<EGoatTransfer> ended = await send.Completion;
        Assert.Equal(count, ended.Count);
        Assert.All(ended, t =>
        {
            Assert.Equal("The receiver has taken nothing for 60 seconds.", t.Error);
            Assert.InRange(t.BytesTransferred, RtcDataChannel.SendBufferLimit, MaxWaiting);
        });
    }

    [Fact]
    public async Task A_pause_is_not_silence()
    {
        (FileSend send, string id, RtcDataChannel channel) = await AcceptAsync(40 * Block);
        await TakeAsync(channel, MaxUnacknowledged);
        await Mallory.SayAsync(new PauseMessage(id), Cancelled);
        Assert.True(SpinWait.SpinUntil(() => Room.Transfers.Any(t => t.State == EGoatTransferState.Paused), TimeSpan.FromSeconds(60)));
        for (int hour = 0; hour < 5; hour++)
        {
            Time.Advance(TimeSpan.FromHours(1));
        }

        Assert.False(send.Completion.IsCompleted);
        await Mallory.SayAsync(new ResumeMessage(id), Cancelled);
        await DropAsync(send, id, "The receiver has acknowledged nothing for 60 seconds.");
    }

    [Fact]
    public async Task A_reason_is_shown_without_what_moves_a_cursor_or_poses_as_another_line()
    {
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        FileSend send = Room.SendFiles([TestFile.Create(Folder, "goat.bin", Block).Path], Cancelled);
        (string id, _) = await Mallory.AwaitOfferAsync(Cancelled);
        await Mallory.SayAsync(new RejectMessage(id, "\u001b]52;c;eA==\u0007no\nada: yes\u202e"), Cancelled);
        EGoatTransfer ended = Assert.Single(await send.Completion.WaitAsync(Cancelled));
        Assert.Equal(@"The receiver rejected it: \u001b]52;c;eA==\u0007no\u000aada: yes\u202e", ended.Error);
    }

    // A receiver that breaks the protocol and goes on talking fills several receive windows of the sender with that.
    [Fact]
    public async Task What_a_receiver_sends_after_it_broke_the_protocol_holds_nothing_up()
    {
        for (int i = 0; i < 5; i++)
        {
            (FileSend send, _, RtcDataChannel channel) = await AcceptAsync(Block);
            Task draining = DrainAsync(channel);
            try
            {
                while (true)
                {
                    await channel.SendAsync(new byte[60_000], isText: false, Cancelled);
                }
            }
            catch (RtcException)
            {
                // The sender has closed it.
            }

            await draining;
            EGoatTransfer ended = Assert.Single(await send.Completion.WaitAsync(Cancelled));
            Assert.Equal((EGoatTransferState.Failed, "The receiver broke the transfer protocol."), (ended.State, ended.Error));
        }
    }

    [Fact]
    public async Task An_offer_that_nobody_answers_ends_after_ten_minutes()
    {
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        FileSend send = Room.SendFiles([TestFile.Create(Folder, "goat.bin", Block).Path], Cancelled);
        (string id, RtcDataChannel channel) = await Mallory.AwaitOfferAsync(Cancelled);
        using (await channel.ReceiveAsync(Cancelled))
        {
            await DropAsync(send, id, "The receiver did not answer the offer.");
        }
    }

    [Fact]
    public async Task A_sender_that_sends_nothing_for_a_minute_is_dropped_with_a_reason()
    {
        RtcDataChannel channel = await Mallory.SendAsync(Guid.CreateVersion7().ToString(), [], Cancelled);
        ControlMessage? heard = null;
        Task<ControlMessage> hearing = Mallory.HearAsync(Cancelled);
        while (heard is null)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            heard = await Task.WhenAny(hearing, Task.Delay(10, Cancelled)) == hearing ? await hearing : null;
        }

        Assert.Equal("No data came for 60 seconds.", Assert.IsType<CancelMessage>(heard).Reason);
        channel.Close();
    }

    private async Task<(FileSend Send, string Id, RtcDataChannel Channel)> AcceptAsync(long length)
    {
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        FileSend send = Room.SendFiles([TestFile.Create(Folder, "goat.bin", length).Path], Cancelled);
        (string id, RtcDataChannel channel) = await Mallory.AwaitOfferAsync(Cancelled);
        using (RtcMessage? manifest = await channel.ReceiveAsync(Cancelled))
        {
            Assert.True(FileFrame.TryParse(manifest!.Data.Span, out FileFrame frame) && frame.Type == FileFrameType.Manifest);
        }

        await Mallory.SayAsync(new AcceptMessage(id, null, Have: false), Cancelled);
        return (send, id, channel);
    }

    // Reads so much content, and the hash after it.
    private async Task TakeAsync(RtcDataChannel channel, int bytes)
    {
        bool isAtHash = false;
        while (bytes > 0 || !isAtHash)
        {
            using RtcMessage? message = await channel.ReceiveAsync(Cancelled);
            Assert.True(FileFrame.TryParse(message!.Data.Span, out FileFrame frame));
            isAtHash = frame.Type == FileFrameType.Hash;
            bytes -= isAtHash ? 0 : frame.Payload.Length;
        }

        Assert.Equal(0, bytes);
    }

    private async Task DropAsync(FileSend send, string id, string reason)
    {
        await EndAsync(send, reason);
        await HearAsync(id, reason);
    }

    // Time goes on until the sender has had enough: when it begins to wait cannot be seen from here.
    private async Task EndAsync(FileSend send, string reason)
    {
        while (await Task.WhenAny(send.Completion, Task.Delay(10, Cancelled)) != send.Completion)
        {
            Cancelled.ThrowIfCancellationRequested();
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        EGoatTransfer ended = Assert.Single(await send.Completion);
        Assert.Equal((EGoatTransferState.Failed, reason), (ended.State, ended.Error));
    }

    private async Task HearAsync(string id, string reason)
    {
        ControlMessage heard;
        do
        {
            heard = await Mallory.HearAsync(Cancelled);
        }
        while (heard is not CancelMessage);
        Assert.Equal(new CancelMessage(id, reason), heard);
    }

    // Until the sender has closed the channel.
    private async Task DrainAsync(RtcDataChannel channel)
    {
        while (await channel.ReceiveAsync(Cancelled) is { } message)
        {
            message.Dispose();
        }
    }
}
