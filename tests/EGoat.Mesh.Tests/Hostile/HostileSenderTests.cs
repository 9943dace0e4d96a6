using System.Security.Cryptography;
using System.Text;
using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>Senders that lie about names and sizes, leave out, repeat and damage: nothing of theirs is delivered, and the room goes on.</summary>
public sealed class HostileSenderTests : HostileTest
{
    private static readonly byte[] Content = [.. Enumerable.Repeat((byte)7, 10)];
    private static readonly byte[] ContentHash = SHA256.HashData(SHA256.HashData(Content)); // of one slice

    [Fact]
    public async Task What_is_right_is_delivered()
    {
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"goat","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(Inbox, "goat"), Cancelled));
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"stream","s":-1}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"folder","s":0,"d":true}]""", End(0)));
        Assert.True(Directory.Exists(Path.Combine(Inbox, "folder")));
    }

    [Fact]
    public async Task Frames_out_of_place_end_the_transfer_and_nothing_is_delivered()
    {
        byte[] whole = Data(0, Content);
        byte[] right = Hash(0, 10, ContentHash);
        byte[] other = SHA256.HashData("other"u8);
        const int block = TreeHash.BlockSize;
        const int frame = 65_000;
        (string Name, string Size, byte[][] Frames)[] cases =
        [
            ("more than declared", "9", [whole]),
            ("less than declared", "11", [whole, right, End(10, ContentHash)]),
            ("data past the block", "4000000", [.. Enumerable.Range(0, (block / frame) + 1).Select(i => Data(i * frame, new byte[frame]))]),
            ("overlap", "20", [whole, Data(5, Content)]),
            ("a short block in the middle", "4000000", [whole, right]),
            ("content after a short block", "-1", [whole, right, Data(10, Content)]),
            ("gap", "20", [Data(10, Content)]),
            ("duplicate", "20", [whole, whole]),
            ("other file", "10", [Data(0, Content, file: 1)]),
            ("wrong hash", "10", [whole, Hash(0, 10, other)]),
            ("wrong block number", "10", [whole, Hash(1, 10, ContentHash)]),
            ("wrong block length", "10", [whole, Hash(0, 9, ContentHash)]),
            ("hash of what is not held", "10", [right]),
            ("end without a hash", "10", [whole, End(10, ContentHash)]),
            ("wrong file hash", "10", [whole, right, End(10, other)]),
            ("end of a longer file", "10", [whole, right, End(11, ContentHash)]),
            ("offset beyond all", "-1", [Data(long.MaxValue, Content)]),
            ("unknown frame", "10", [[9, 0, 0, 0]]),
            ("short frame", "10", [[2]]),
            ("empty frame", "10", [[]]),
            ("manifest again", "10", [Manifest("""[{"i":1,"p":"x","s":1}]""")]),
            ("a frame of the receiver", "10", [[0x83, 0, 0, 0, 0, 0, 0, 0]]),
            ("content of a folder", "0,\"d\":true", [whole]),
        ];
        foreach ((string name, string size, byte[][] frames) in cases)
        {
            ControlMessage end = await TryAsync($$"""[{"i":0,"p":"{{name}}","s":{{size}}}]""", frames);
            Assert.True(end is CancelMessage, $"{name}: {end}");
            Assert.False(Path.Exists(Path.Combine(Inbox, name)) && !size.Contains('d'), name);
        }

        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"goat","s":10}]""", whole, right, End(10, ContentHash)));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("""[{"i":0,"s":1}]""")]
    [InlineData("""[{"i":1,"p":"a","s":1}]""")]
    [InlineData("""[{"i":0,"p":"a","s":0.5}]""")]
    [InlineData("""[{"i":0,"p":"a","s":-2}]""")]
    [InlineData("""[{"i":0,"p":"a","s":9223372036854775808}]""")]
    [InlineData("""[{"i":0,"p":"a","s":9223372036854775807},{"i":1,"p":"b","s":1}]""")]
    [InlineData("""[{"i":0,"p":"a","s":1},{"i":0,"p":"b","s":1}]""")]
    [InlineData("""[{"i":0,"p":"a","s":1,"d":true}]""")]
    [InlineData("""[{"i":0,"p":"a","p":"b","s":1}]""")]
    [InlineData("""[{"i":0,"p":"\ud800","s":1}]""")]
    [InlineData("""[{"i":0,"p":"../x","s":1}]""")]
    [InlineData("""[{"i":0,"p":"..\\x","s":1}]""")]
    [InlineData("""[{"i":0,"p":"/etc/x","s":1}]""")]
    [InlineData("""[{"i":0,"p":"C:\\x","s":1}]""")]
    [InlineData("""[{"i":0,"p":"a\u001b[2J","s":1}]""")]
    [InlineData("""[{"i":0,"p":"a","s":1,"k":""}]""")]
    [InlineData("""[{"i":0,"p":"a","s":1,"k":"0123456789abcdef0123456789abcdef0"}]""")]
    [InlineData("""[{"i":0,"p":".egoat-0123456789abcdef.part","s":1}]""")]
    public async Task A_manifest_of_lies_is_refused(string manifest)
    {
        ControlMessage end = await TryAsync(manifest);
        Assert.True(end is CancelMessage or RejectMessage, end.ToString());
        Assert.True(!Directory.Exists(Inbox) || Directory.GetFileSystemEntries(Inbox).Length == 0);
        Assert.Equal(["inbox"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).DefaultIfEmpty("inbox"));
    }

    [Theory]
    [InlineData("../x", "leaves its folder")]
    [InlineData("goat", "there twice")]
    [InlineData("goat/kid", "both a file and a folder")]
    [InlineData("a\\u001b[2J", "control character")]
    public async Task A_name_that_is_refused_is_told_and_the_other_file_arrives(string name, string why)
    {
        byte[] whole = Data(0, Content);
        byte[] right = Hash(0, 10, ContentHash);
        bool isFirst = why.StartsWith("both", StringComparison.Ordinal); // then it is the file that has no room beside the folder
        byte[][] frames = isFirst ? [Data(0, Content, file: 1), Hash(0, 10, ContentHash, file: 1), End(10, 1, ContentHash)] : [whole, right, End(10, ContentHash)];
        (int files, string reason) = await TryFileAsync($$"""[{"i":0,"p":"goat","s":10},{"i":1,"p":"{{name}}","s":10}]""", frames);
        Assert.Equal(1, files);
        Assert.Contains(why, reason, StringComparison.Ordinal);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(Inbox, isFirst ? name : "goat"), Cancelled));
        Assert.True(SpinWait.SpinUntil(() => Room.Transfers.Count(t => t.IsEnded) == 2, TimeSpan.FromSeconds(60)));
        Assert.Contains(why, Assert.Single(Room.Transfers, t => t is { State: EGoatTransferState.Failed, IsLeftOut: true }).Error, StringComparison.Ordinal);
    }

    // In the middle of its first block, at its beginning, and after all of its content.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_file_that_is_skipped_has_its_reason_and_the_next_one_arrives(int frames)
    {
        byte[][] begun = [Data(0, Content), Hash(0, 10, ContentHash)];
        ControlMessage end = await TryAsync(
            """[{"i":0,"p":"gone","s":10},{"i":1,"p":"goat","s":10}]""",
            [.. begun.Take(frames), FileFrame.CreateSkip(0, "The file\u001b[2J is gone."), Data(0, Content, file: 1), Hash(0, 10, ContentHash, file: 1), End(10, 1, ContentHash)]);
        Assert.Equal(1, Assert.IsType<DoneMessage>(end).Files);
        Assert.True(SpinWait.SpinUntil(() => Room.Transfers.Count(t => t.IsEnded) == 2, TimeSpan.FromSeconds(60)));
        EGoatTransfer skipped = Assert.Single(Room.Transfers, t => t.State == EGoatTransferState.Failed);
        Assert.Equal(("gone", true, @"It was not sent: The file\u001b[2J is gone."), (skipped.Name, skipped.IsLeftOut, skipped.Error));
        Assert.Equal("goat", Path.GetFileName(Assert.Single(Directory.GetFiles(Inbox), f => !WirePath.IsPartial(Path.GetFileName(f)))));
    }

    [Fact]
    public async Task A_file_that_has_no_room_on_the_disk_is_told_and_the_next_one_arrives()
    {
        (int files, string reason) = await TryFileAsync(
            """[{"i":0,"p":"huge","s":9223372036854770000},{"i":1,"p":"goat","s":10}]""",
            Data(0, Content), Hash(0, 10, ContentHash), FileFrame.CreateSkip(0, ""), Data(0, Content, file: 1), Hash(0, 10, ContentHash, file: 1), End(10, 1, ContentHash));
        Assert.Equal(1, files);
        Assert.Contains("not enough space", reason, StringComparison.Ordinal);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(Inbox, "goat"), Cancelled));
    }

    // A pipe under the name would swallow it.
    [Testing.ProgramFact("mkfifo")]
    public async Task An_empty_file_does_not_count_as_there_because_a_pipe_is()
    {
        Directory.CreateDirectory(Inbox);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(Inbox, "goat")]))
        {
            await made.WaitForExitAsync(Cancelled);
        }

        Assert.Equal(1, Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"goat","s":0}]""", End(0))).Files);
        Assert.True(File.Exists(Path.Combine(Inbox, "goat (2)")));
        Room.SetReceive(new ReceiveOptions { Destination = Inbox, Existing = ExistingFile.Overwrite });
        (int files, string reason) = await TryFileAsync("""[{"i":0,"p":"goat","s":0}]""", End(0));
        Assert.Equal((0, "'goat' is there and is not an ordinary file."), (files, reason));
    }

    [Fact]
    public async Task What_came_without_an_end_is_removed_when_its_length_was_not_known()
    {
        ControlMessage end = await TryAsync("""[{"i":0,"p":"stream","s":-1}]""", Data(0, Content), Hash(0, 10, ContentHash), [9, 0, 0, 0]);
        Assert.IsType<CancelMessage>(end);
        Assert.IsType<CancelMessage>(await TryAsync("""[{"i":0,"p":"file","s":20}]""", Data(0, new byte[20]), [9, 0, 0, 0]));
        Assert.True(SpinWait.SpinUntil(() => Room.Transfers.Count(t => t.IsEnded) == 2, TimeSpan.FromSeconds(60)));
        string partial = Assert.Single(Directory.GetFiles(Inbox)); // that of the file
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(partial));
        }
    }

    // Its user is asked, or its disk is slow: then it is at work, and says so; and it may be silent for as long as it asked for.
    [Fact]
    public async Task A_sender_that_tells_that_it_is_alive_is_not_silent()
    {
        string id = Guid.CreateVersion7().ToString();
        RtcDataChannel channel = await Mallory.SendAsync(id, [FileFrame.CreateAlive(300), Manifest("""[{"i":0,"p":"goat","s":10}]""")], Cancelled);
        while (await Mallory.HearAsync(Cancelled) is not AcceptMessage)
        {
        }

        using RoomSubscription events = Room.Subscribe();
        for (int i = 0; i < 3; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(290));
            await channel.SendAsync(FileFrame.CreateAlive(0), isText: false, Cancelled);
            await events.ReadAllAsync(Cancelled).FirstAsync(e => e is RoomTransferChanged, Cancelled); // it has heard it
        }

        foreach (byte[] frame in new[] { Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash) })
        {
            await channel.SendAsync(frame, isText: false, Cancelled);
        }

        Assert.IsType<DoneMessage>(await HearEndAsync());
        channel.Close();
    }

    [Fact]
    public async Task A_manifest_of_a_million_entries_is_refused_before_it_fills_the_memory()
    {
        string id = Guid.CreateVersion7().ToString();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task sending = SendEndlesslyAsync(id, stop.Token);
        ControlMessage end = await HearEndAsync();
        Assert.True(end is CancelMessage or RejectMessage, end.ToString());
        await stop.CancelAsync();
        await sending;
    }

    // All that the connection holds is content of a transfer that nobody reads any more.
    [Fact]
    public async Task What_is_left_of_a_rejected_transfer_does_not_hold_up_the_next()
    {
        var answer = new TaskCompletionSource<FileAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Room.SetReceive(new ReceiveOptions { Destination = Inbox, Ask = (offer, _) => offer.Files[0].Path == "goat" ? answer.Task : Task.FromResult(FileAnswer.Accept) });
        RtcDataChannel channel = await Mallory.SendAsync(Guid.CreateVersion7().ToString(), [Manifest("""[{"i":0,"p":"goat","s":10}]""")], Cancelled);
        Task sending = SendUntilClosedAsync(channel);

        // It stays above: below it the sender would be woken, and fill it again.
        Assert.True(SpinWait.SpinUntil(() => channel.BufferedAmount > RtcDataChannel.SendBufferLimit / 2, TimeSpan.FromSeconds(60)));
        answer.SetResult(FileAnswer.Reject("no"));
        await sending.WaitAsync(Cancelled);
        ControlMessage heard;
        do
        {
            heard = await Mallory.HearAsync(Cancelled);
        }
        while (heard is not RejectMessage);
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"next","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
    }

    // What was sent before the refusal was known fills the connection's receive window several times over.
    [Fact]
    public async Task Transfers_beyond_the_sixteenth_are_rejected_and_what_was_sent_for_them_holds_nothing_up()
    {
        const int most = 16;
        const int refused = 5;
        var answer = new TaskCompletionSource<FileAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Room.SetReceive(new ReceiveOptions { Destination = Inbox, Ask = (offer, _) => offer.Files[0].Path == "next" ? Task.FromResult(FileAnswer.Accept) : answer.Task });
        for (int i = 0; i < most; i++)
        {
            await Mallory.SendAsync(Guid.CreateVersion7().ToString(), [Manifest($$"""[{"i":0,"p":"goat{{i}}","s":10}]""")], Cancelled);
        }

        for (int i = 0; i < refused; i++)
        {
            string id = Guid.CreateVersion7().ToString();
            RtcDataChannel channel = await Mallory.SendAsync(id, [], Cancelled);
            await SendUntilClosedAsync(channel).WaitAsync(Cancelled);
            Assert.Equal(new RejectMessage(id, "Too many transfers at once."), await HearEndAsync());
        }

        answer.SetResult(FileAnswer.Reject("no"));
        for (int i = 0; i < most; i++)
        {
            Assert.Equal("no", Assert.IsType<RejectMessage>(await HearEndAsync()).Reason);
        }

        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"next","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("egoat")]
    [InlineData("file:")]
    [InlineData("file:../x")]
    [InlineData("file:01A21F17-9B67-7D6A-9707-20698AA41594")]
    public async Task A_channel_that_is_no_transfer_is_closed_and_holds_nothing_up(string label)
    {
        for (int i = 0; i < 3; i++)
        {
            await SendUntilClosedAsync(Mallory.Open(label)).WaitAsync(Cancelled);
        }

        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"next","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
    }

    // Nobody has answered their offers yet, and they send all the same, whatever is acknowledged.
    [Fact]
    public async Task Eight_senders_that_wait_for_nothing_are_held_at_what_the_receiver_reads()
    {
        const int count = 8;
        const int window = 4 * TreeHash.BlockSize;
        var answer = new TaskCompletionSource<FileAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Room.SetReceive(new ReceiveOptions { Destination = Inbox, MaxParallel = count, Ask = (offer, _) => offer.Files[0].Path == "next" ? Task.FromResult(FileAnswer.Accept) : answer.Task });
        IReadOnlyList<HostilePeer> senders = await ConnectAsync(count);
        var accepted = new long[count];
        var channels = new RtcDataChannel[count];
        var sending = new Task[count];
        for (int i = 0; i < count; i++)
        {
            channels[i] = await senders[i].SendAsync(Guid.CreateVersion7().ToString(), [Manifest($$"""[{"i":0,"p":"goat{{i}}","s":10000000000}]""")], Cancelled);
            int sender = i;
            sending[i] = Task.Run(() => SendUntilClosedAsync(channels[sender], length => Interlocked.Add(ref accepted[sender], length)));
        }

        // What has left the buffers fills the windows; whoever could send more has done so when a message has come the other way.
        Assert.True(
            SpinWait.SpinUntil(() => Enumerable.Range(0, count).All(i => Interlocked.Read(ref accepted[i]) - channels[i].BufferedAmount > window * 9L / 10), TimeSpan.FromSeconds(40)),
            string.Join(' ', Enumerable.Range(0, count).Select(i => $"{accepted[i]:N0}-{channels[i].BufferedAmount:N0}")));
        await Room.SendTextAsync("enough", cancellationToken: Cancelled);
        foreach (HostilePeer sender in senders)
        {
            while (await sender.HearAsync(Cancelled) is not TextMessage)
            {
            }
        }

        Assert.All(accepted, a => Assert.InRange(a, window, RtcDataChannel.SendBufferLimit + window + TreeHash.BlockSize));
        answer.SetResult(FileAnswer.Reject("no"));
        await Task.WhenAll(sending).WaitAsync(Cancelled);
        Assert.Equal("no", Assert.IsType<RejectMessage>(await HearEndAsync()).Reason);
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"next","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
    }

    [Fact]
    public async Task A_link_in_the_destination_is_not_followed()
    {
        string outside = Path.Combine(Folder, "outside");
        Directory.CreateDirectory(outside);
        Directory.CreateDirectory(Inbox);
        Directory.CreateSymbolicLink(Path.Combine(Inbox, "folder"), outside);
        File.CreateSymbolicLink(Path.Combine(Inbox, "file"), Path.Combine(outside, "victim"));
        foreach (string name in new[] { "folder/x", "file" })
        {
            (int files, string reason) = await TryFileAsync($$"""[{"i":0,"p":"{{name}}","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash));
            Assert.Equal(0, files);
            Assert.Contains("is a link", reason, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    // The parent becomes a link after the transfer has begun.
    [Fact]
    public async Task A_parent_that_is_swapped_for_a_link_is_noticed()
    {
        string outside = Path.Combine(Folder, "outside");
        Directory.CreateDirectory(outside);
        string id = Guid.CreateVersion7().ToString();
        RtcDataChannel channel = await Mallory.SendAsync(id, [Manifest("""[{"i":0,"p":"sub/goat","s":10}]"""), Data(0, Content)], Cancelled);
        Assert.IsType<AcceptMessage>(await Mallory.HearAsync(Cancelled));
        string parent = Path.Combine(Inbox, "sub");
        Assert.True(SpinWait.SpinUntil(() => Directory.Exists(parent) && Directory.GetFiles(parent).Length > 0, TimeSpan.FromSeconds(60)));
        Directory.Move(parent, Path.Combine(Folder, "moved"));
        Directory.CreateSymbolicLink(parent, outside);
        await channel.SendAsync(Hash(0, 10, ContentHash), isText: false, Cancelled);
        await channel.SendAsync(End(10, ContentHash), isText: false, Cancelled);
        Assert.Equal(0, Assert.IsType<DoneMessage>(await HearEndAsync()).Files);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    // The member takes another offer of the same session as a restart, and neither an offer of garbage nor a request that is
    // not for it disturbs the connection.
    [Fact]
    public async Task A_restart_of_ICE_keeps_the_connection()
    {
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        EGoatPeer before = Assert.Single(Room.Peers);
        string first = await Mallory.RestartIceAsync(Cancelled);
        string second = await Mallory.RestartIceAsync(Cancelled);
        Assert.NotEqual(Ufrag(first), Ufrag(second));
        await Mallory.IntroduceAsync(new Peers.Introduction.Offer("another", "garbage"), Cancelled);
        await Mallory.IntroduceAsync(new Peers.Introduction.IceRestartRequest("another"), Cancelled);
        await Mallory.IntroduceAsync(new Peers.Introduction.IceRestartRequest(new string('a', 32)), Cancelled);
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"goat","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
        EGoatPeer after = Assert.Single(Room.Peers);
        Assert.Equal((before.Id, before.ConnectedAt, EGoatPeerState.Connected), (after.Id, after.ConnectedAt, after.State));

        static string Ufrag(string sdp) => sdp.Split('\n').First(l => l.StartsWith("a=ice-ufrag:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_reason_of_a_bye_is_escaped()
    {
        await Room.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        using RoomSubscription events = Room.Subscribe();
        await Mallory.SayAsync(new ByeMessage("\u001b[2J\u202egone\r\nPS> "), Cancelled);
        string? warning = null;
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomWarning { Text: var text })
            {
                warning = text;
                break;
            }
        }

        Assert.EndsWith(@" refuses: '\u001b[2J\u202egone\u000d\u000aPS> '", warning, StringComparison.Ordinal);
    }

    // What a system would run or believe lies in the receive root like everything else, and nothing has run or opened it.
    [Theory]
    [InlineData(".ssh/authorized_keys")]
    [InlineData("profile.ps1")]
    [InlineData("Start Menu/Programs/Startup/goat.lnk")]
    [InlineData("PowerShell/Modules/goat/goat.psm1")]
    [InlineData(".bashrc")]
    public async Task Files_with_a_meaning_to_systems_lie_in_the_receive_root(string name)
    {
        Assert.IsType<DoneMessage>(await TryAsync($$"""[{"i":0,"p":"{{name}}","s":10}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(Inbox, name), Cancelled));
        Assert.Equal([Inbox], Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Permission_bits_that_lend_rights_are_dropped()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"tool","s":10,"m":3565}]""", Data(0, Content), Hash(0, 10, ContentHash), End(10, ContentHash)));
        Assert.Equal((UnixFileMode)(3565 & 0x1FF), File.GetUnixFileMode(Path.Combine(Inbox, "tool")));
    }

    [Fact]
    public async Task Times_beyond_the_calendar_are_ignored()
    {
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"a","s":0,"t":-1}]""", End(0)));
        Assert.IsType<DoneMessage>(await TryAsync("""[{"i":0,"p":"b","s":0,"t":9223372036854775807}]""", End(0)));
        Assert.Equal(2, Directory.GetFiles(Inbox).Length);
    }

    private static byte[] Manifest(string json)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        var frame = new byte[FileFrame.ManifestHeaderLength + text.Length];
        FileFrame.WriteManifestHeader(frame, isLastPage: true);
        text.CopyTo(frame, FileFrame.ManifestHeaderLength);
        return frame;
    }

    private static byte[] Data(long offset, byte[] content, int file = 0)
    {
        var frame = new byte[FileFrame.DataHeaderLength + content.Length];
        FileFrame.WriteDataHeader(frame, file, offset);
        content.CopyTo(frame, FileFrame.DataHeaderLength);
        return frame;
    }

    private static byte[] Hash(int block, int length, byte[] hash, int file = 0)
    {
        var frame = new byte[FileFrame.HashFrameLength];
        FileFrame.WriteHash(frame, file, block, length, hash);
        return frame;
    }

    private static byte[] End(long length, params byte[][] hashes) => End(length, 0, hashes);

    private static byte[] End(long length, int file, params byte[][] hashes)
    {
        var frame = new byte[FileFrame.EndFrameLength];
        FileFrame.WriteEnd(frame, file, length, TreeHash.Combine(length, [.. hashes.SelectMany(h => h)]));
        return frame;
    }

    private async Task SendUntilClosedAsync(RtcDataChannel channel, Action<int>? sent = null)
    {
        try
        {
            byte[] frame = Data(0, new byte[60_000]);
            while (true)
            {
                await channel.SendAsync(frame, isText: false, Cancelled);
                sent?.Invoke(frame.Length);
            }
        }
        catch (RtcException)
        {
            // The receiver has closed it.
        }
    }

    // How the receiver ends it.
    private async Task<ControlMessage> TryAsync(string manifest, params byte[][] frames)
    {
        (RtcDataChannel channel, ControlMessage end) = await BeginAsync(manifest, frames);
        channel.Close();
        return end;
    }

    // The files that the receiver says are in place, and why the first one is not that is not.
    private async Task<(int Files, string Reason)> TryFileAsync(string manifest, params byte[][] frames)
    {
        (RtcDataChannel channel, ControlMessage end) = await BeginAsync(manifest, frames);
        string? reason = null;
        while (reason is null)
        {
            using RtcMessage? message = await channel.ReceiveAsync(Cancelled);
            Assert.True(FileFrame.TryParse(message!.Data.Span, out FileFrame frame));
            reason = frame is { Type: FileFrameType.Stored, Flags: not FileFrame.StatusStored } ? frame.GetReason() : null;
        }

        channel.Close();
        return (Assert.IsType<DoneMessage>(end).Files, reason);
    }

    // A receiver that has had enough closes the channel, perhaps before the last frame is sent.
    private async Task<(RtcDataChannel Channel, ControlMessage End)> BeginAsync(string manifest, byte[][] frames)
    {
        RtcDataChannel channel = await Mallory.SendAsync(Guid.CreateVersion7().ToString(), [Manifest(manifest)], Cancelled);
        try
        {
            foreach (byte[] frame in frames)
            {
                await channel.SendAsync(frame, isText: false, Cancelled);
            }
        }
        catch (RtcException)
        {
            // It says why over another channel.
        }

        return (channel, await HearEndAsync());
    }

    private async Task<ControlMessage> HearEndAsync()
    {
        ControlMessage heard;
        do
        {
            heard = await Mallory.HearAsync(Cancelled);
        }
        while (heard is AcceptMessage or HelloMessage);

        return heard;
    }

    private async Task SendEndlesslyAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await Mallory.SendAsync(id, Pages(), cancellationToken);
        }
        catch (Exception e) when (e is RtcException or OperationCanceledException)
        {
            // The receiver has closed the channel.
        }

        static IEnumerable<byte[]> Pages()
        {
            const int perPage = 500;
            for (int page = 0; page < 1_000_000 / perPage; page++)
            {
                byte[] frame = Manifest($"[{string.Join(',', Enumerable.Range(page * perPage, perPage).Select(i => $$"""{"i":{{i}},"p":"{{i}}","s":1}"""))}]");
                FileFrame.WriteManifestHeader(frame, isLastPage: false);
                yield return frame;
            }
        }
    }
}
