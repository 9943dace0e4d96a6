using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using System.Net.Sockets;
using EGoat.Mesh;
using EGoat.Signaling;

namespace EGoat.PowerShell.Tests;

/// <summary>What the cmdlets write, ask, and do when stopped.</summary>
[Collection("The installation of this process")]
public sealed class CommandTests : CommandTestBase
{
    [Fact]
    public void Servers_are_listed_and_stopped()
    {
        Assert.Same(Server, Assert.Single(Run("Get-EGoatSignaling").Output));
        CommandRunner refused = Create("Stop-EGoatSignaling", new { Confirm = true });
        refused.Host.Answer = _ => "No";
        refused.Run();
        Assert.Contains($"\"Stop the signaling server\" on target \"{Server.Url}\"", Assert.Single(refused.Host.Questions), StringComparison.Ordinal);
        Assert.True(Server.IsRunning);
        Run("Stop-EGoatSignaling", new { WhatIf = true });
        Assert.True(Server.IsRunning);
        Run("Stop-EGoatSignaling");
        Assert.False(Server.IsRunning);
        Assert.Empty(Run("Get-EGoatSignaling").Output);
    }

    [Fact]
    public async Task A_room_is_joined_in_the_background_talked_in_and_left()
    {
        Room there = await JoinThereAsync();
        CommandRunner join = Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, DisplayName = "here", Background = true });
        EGoatRoom room = Assert.IsAssignableFrom<EGoatRoom>(Assert.Single(join.Output));
        Assert.Contains("is open", Assert.Single(join.Warnings), StringComparison.Ordinal);
        await there.WaitForPeersAsync(1, false, Cancelled);
        await WaitForPeerAsync(room);
        Assert.Same(room, Assert.Single(Run("Get-EGoatRoom", new { Name = "lob*" }).Output));
        Assert.Empty(Run("Get-EGoatRoom", new { Name = "other" }).Output);
        Assert.Equal("there", Assert.IsType<EGoatPeer>(Assert.Single(Run("Get-EGoatPeer").Output)).Name);

        EGoatMessage[] sent = [.. Create("Send-EGoatMessage", new { Wait = true }).Run("one", "two").Cast<EGoatMessage>()];
        Assert.Equal(["one", "two"], sent.Select(m => m.Text));
        Assert.Equal("one", (await there.Unread.TakeAsync(Cancelled))!.Text);
        await there.SendTextAsync("hello here", cancellationToken: Cancelled);
        Assert.Equal("hello here", Assert.IsType<EGoatMessage>(Assert.Single(Run("Receive-EGoatMessage", new { Wait = true, Count = 1, Timeout = 20 }).Output)).Text);
        Assert.Equal(["one", "two", "hello here"], Run("Get-EGoatHistory", new { Room = "lobby" }).Output.Cast<EGoatMessage>().Select(m => m.Text));

        Run("Exit-EGoatRoom");
        Assert.Empty(Run("Get-EGoatRoom").Output);
        Assert.Equal(EGoatRoomState.Left, room.State);
    }

    [Fact]
    public async Task Debug_writes_what_connections_do_on_the_pipeline_thread()
    {
        Room there = await JoinThereAsync();
        Assert.Empty(Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true }).Debug);
        await there.WaitForPeersAsync(1, false, Cancelled);
        Run("Exit-EGoatRoom");
        CommandRunner runner = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Count = 1, Debug = true });
        var threads = new HashSet<Runspace?>();
        runner.OnDebug = _ => threads.Add(Runspace.DefaultRunspace);
        Task running = runner.Start();
        await there.WaitForPeersAsync(1, false, Cancelled);
        await there.SendTextAsync("hello", cancellationToken: Cancelled);
        await running.WaitAsync(Cancelled);
        Assert.Equal(runner.Runspace, Assert.Single(threads)); // that of a thread, which only the pipeline thread has
        Assert.Contains(runner.Debug, l => l.Contains("Dtls       lobby/", StringComparison.Ordinal));
        Assert.Contains(runner.Debug, l => l.Contains("Signaling  lobby: connects to http://127.0.0.1:", StringComparison.Ordinal));
        Assert.Equal("hello", Assert.IsType<EGoatMessage>(Assert.Single(runner.Output)).Text);
    }

    [Fact]
    public async Task A_file_is_sent_with_progress()
    {
        Room there = await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        string source = Path.Combine(Folder, "goat.bin");
        await File.WriteAllBytesAsync(source, new byte[60_000_000], Cancelled);
        CommandRunner send = Run("Send-EGoatFile", new { Path = new[] { source } });
        EGoatTransfer transfer = Assert.IsType<EGoatTransfer>(Assert.Single(send.Output));
        Assert.Equal(EGoatTransferState.Completed, transfer.State);
        Assert.NotEmpty(send.Progress);
        Assert.Equal(ProgressRecordType.Completed, send.Progress[^1].RecordType);
        Assert.Equal(60_000_000, new FileInfo(Path.Combine(Folder, "inbox", "goat.bin")).Length);
        Assert.Equal(transfer.Id, Assert.IsType<EGoatTransfer>(Assert.Single(Run("Get-EGoatTransfer", new { Room = "lobby" }).Output)).Id);
        await there.LeaveAsync(Cancelled);
    }

    [Fact]
    public async Task A_stream_ends_with_its_count_or_when_it_is_stopped_and_leaves_the_room()
    {
        Room there = await JoinThereAsync();
        CommandRunner counted = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Count = 2 });
        Task<IReadOnlyList<object?>> running = counted.Start();
        await there.WaitForPeersAsync(1, false, Cancelled);
        using RoomSubscription events = there.Subscribe();
        await there.SendTextAsync("one", cancellationToken: Cancelled);
        await there.SendTextAsync("two", cancellationToken: Cancelled);
        Assert.Equal(["one", "two"], (await running.WaitAsync(Cancelled)).Cast<EGoatMessage>().Select(m => m.Text));
        Assert.Empty(Run("Get-EGoatRoom").Output);

        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomPeerChanged { Peer.State: EGoatPeerState.Left })
            {
                break;
            }
        }

        CommandRunner endless = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url });
        running = endless.Start();
        await there.WaitForPeersAsync(1, false, Cancelled);
        endless.Stop();
        Assert.Empty(await running.WaitAsync(Cancelled));
        Assert.Empty(Run("Get-EGoatRoom").Output);
    }

    [Fact]
    public async Task Stopping_before_anything_has_come_about_ends_without_an_error()
    {
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        CommandRunner join = Create("Join-EGoatRoom", new { Room = "lobby", Server = new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndPoint!).Port}") });
        Task<IReadOnlyList<object?>> running = join.Start();
        using Socket asked = await silent.AcceptAsync(Cancelled);
        join.Stop();
        Assert.Empty(await running.WaitAsync(Cancelled));
    }

    [Fact]
    public async Task Stopping_while_confirmations_are_awaited_ends_without_an_error()
    {
        // A member that no connection comes about with.
        await using SignalingClient silent = await SignalingClient.ConnectAsync(new SignalingClientOptions { Server = Server.Url, Room = "lobby", Peer = new string('a', 26) }, Cancelled);
        JoinHere();
        CommandRunner send = Create("Send-EGoatMessage", new { Text = "hi", Wait = true });
        Task<IReadOnlyList<object?>> sending = send.Start();
        Assert.True(SpinWait.SpinUntil(() => Run("Get-EGoatHistory", new { Room = "lobby" }).Output.Count == 1, TimeSpan.FromSeconds(60)));
        Assert.False(sending.IsCompleted);
        send.Stop();
        Assert.Empty(await sending.WaitAsync(Cancelled));
        Assert.Empty(send.Errors);
    }

    [Fact]
    public void What_goes_wrong_is_a_terminating_error_that_names_the_remedy()
    {
        ErrorRecord error = Fail("Send-EGoatMessage", new { Text = "hi" });
        Assert.StartsWith("RoomNotJoined", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Join-EGoatRoom NAME -Server URL -Background", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", Fail("Join-EGoatRoom", new { Room = "lobby", Server = new Uri("http://127.0.0.1:9"), Background = true, Timeout = 1 }).Exception.Message, StringComparison.Ordinal);
        Assert.Contains("the port is taken", Fail("Start-EGoatSignaling", new { Port = Server.Url.Port, ListenAddress = IPAddress.Loopback }).Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_nobody_there_a_message_is_an_error_unless_that_is_allowed()
    {
        EGoatRoom room = JoinHere("empty");
        CommandRunner send = Run("Send-EGoatMessage", new { Text = "hello?", Wait = true });
        Assert.Empty(send.Output);
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.Equal(("NoReceiver,EGoat.PowerShell.Commands.SendEGoatMessage", ErrorCategory.ObjectNotFound), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Same(room, error.TargetObject);
        Assert.Contains("Nobody else is in the room", error.Exception.Message, StringComparison.Ordinal);
        CommandRunner allowed = Run("Send-EGoatMessage", new { Text = "hello?", AllowNoReceiver = true });
        Assert.Empty(allowed.Output);
        Assert.Empty(allowed.Errors);
    }

    [Fact]
    public async Task Who_is_named_is_waited_for_and_each_who_does_not_come_is_an_error_of_its_own()
    {
        JoinHere();
        Task<Room> joining = JoinThereAsync(null, "ada");
        CommandRunner send = Run("Send-EGoatMessage", new { Text = "hi", To = new[] { "ada" }, Wait = true, Timeout = 60 });
        Room there = await joining;
        Assert.Equal("hi", Assert.IsType<EGoatMessage>(Assert.Single(send.Output)).Text);
        Assert.True(Assert.IsType<EGoatMessage>(send.Output[0]).Private);
        CommandRunner partly = Run("Send-EGoatMessage", new { Text = "again", To = new[] { "AD*", "bob", "eve" }, Timeout = 0 });
        Assert.Equal(["bob", "eve"], partly.Errors.Select(e => e.TargetObject));
        Assert.All(partly.Errors, e => Assert.StartsWith("NoReceiver,", e.FullyQualifiedErrorId, StringComparison.Ordinal));
        Assert.Equal("again", Assert.IsType<EGoatMessage>(Assert.Single(partly.Output)).Text);
        Assert.Equal("hi", (await there.Unread.TakeAsync(Cancelled))!.Text);
        Assert.Equal("again", (await there.Unread.TakeAsync(Cancelled))!.Text);
    }

    [Fact]
    public async Task Who_does_not_confirm_is_an_error_for_each_with_the_outcome_and_the_message_is_written()
    {
        await using SignalingClient silent = await SignalingClient.ConnectAsync(new SignalingClientOptions { Server = Server.Url, Room = "lobby", Peer = new string('a', 26) }, Cancelled);
        Room there = await JoinThereAsync();
        await WaitForPeerAsync(JoinHere());
        CommandRunner send = Run("Send-EGoatMessage", new { Text = "hi", Wait = true, Timeout = 1 });
        Assert.Equal("hi", Assert.IsType<EGoatMessage>(Assert.Single(send.Output)).Text);
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.Equal(("MessageNotConfirmed,EGoat.PowerShell.Commands.SendEGoatMessage", ErrorCategory.OperationTimeout), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.NotEqual(EGoatDeliveryState.Confirmed, Assert.IsType<EGoatDelivery>(error.TargetObject).State);
        Assert.Equal("hi", (await there.Unread.TakeAsync(Cancelled))!.Text);
    }

    [Fact]
    public async Task Joining_again_returns_the_joined_room_with_its_new_rules_and_tells_once_that_it_is_open()
    {
        Room there = await JoinThereAsync();
        CommandRunner first = Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true, WaitForPeer = 1 });
        Assert.Single(first.Warnings);
        Assert.NotEmpty(there.Peers);
        CommandRunner second = Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true, Destination = Path.Combine(Folder, "inbox"), MaxLength = 3 });
        Assert.Same(first.Output[0], Assert.Single(second.Output));
        Assert.Empty(second.Warnings);
        Assert.Single(Run("Get-EGoatRoom").Output);
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        IReadOnlyList<EGoatTransfer> sent = await there.SendFiles([WriteFile("a", 3), WriteFile("b", 4)], Cancelled).Completion.WaitAsync(Cancelled);
        Assert.Equal(["a Completed", "b Rejected"], sent.Select(t => $"{t.Name} {t.State}").Order());

        // One that is joined in the stream form goes on when the stream has ended.
        CommandRunner stream = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Count = 1 });
        Task<IReadOnlyList<object?>> streaming = stream.Start();
        while (!streaming.IsCompleted)
        {
            await there.SendTextAsync("hi", cancellationToken: Cancelled);
            await Task.WhenAny(streaming, Task.Delay(100, Cancelled));
        }

        Assert.Single(Run("Get-EGoatRoom").Output);
    }

    [Fact]
    public async Task A_server_that_is_not_up_yet_is_tried_until_it_is()
    {
        int port;
        using (var taken = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        }

        CommandRunner join = Create("Join-EGoatRoom", new { Room = "lobby", Server = new Uri($"http://127.0.0.1:{port}"), Background = true, Timeout = 100 });
        Task<IReadOnlyList<object?>> joining = join.Start();
        Assert.True(SpinWait.SpinUntil(() => join.Warnings.Count > 0, TimeSpan.FromSeconds(60)));
        Assert.Contains("cannot be reached", join.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("Start-EGoatSignaling", join.Warnings[0], StringComparison.Ordinal);
        Run("Start-EGoatSignaling", new { Port = port });
        Assert.Equal(EGoatRoomState.Joined, Assert.IsAssignableFrom<EGoatRoom>(Assert.Single(await joining.WaitAsync(Cancelled))).State);
    }

    [Fact]
    public async Task Stopping_while_members_are_awaited_leaves_the_room()
    {
        CommandRunner join = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true, WaitForPeer = 1, Timeout = 600 });
        Task<IReadOnlyList<object?>> joining = join.Start();
        Assert.True(SpinWait.SpinUntil(() => Server.Peers == 1, TimeSpan.FromSeconds(60)));
        join.Stop();
        Assert.Empty(await joining.WaitAsync(Cancelled));
        Assert.Empty(Run("Get-EGoatRoom").Output);
    }

    [Fact]
    public void A_room_whose_server_is_gone_is_shown_as_reconnecting()
    {
        EGoatRoom room = JoinHere();
        Run("Stop-EGoatSignaling");
        Assert.True(SpinWait.SpinUntil(() => room.State == EGoatRoomState.Reconnecting, TimeSpan.FromSeconds(60)));
        Assert.Equal(EGoatRoomState.Reconnecting, Assert.IsAssignableFrom<EGoatRoom>(Assert.Single(Run("Get-EGoatRoom").Output)).State);
    }

    [Fact]
    public async Task Rooms_members_and_messages_are_piped_to_what_takes_them()
    {
        Room there = await JoinThereAsync(null, "ada");
        EGoatRoom room = JoinHere();
        await WaitForPeerAsync(room);
        EGoatRoom other = JoinHere("other");
        Assert.Equal("ada", Assert.IsType<EGoatPeer>(Assert.Single(Create("Get-EGoatRoom", new { Name = "lob*" }).Pipe("Get-EGoatPeer").Run())).Name);
        Assert.Equal("ada", Assert.IsType<EGoatPeer>(Assert.Single(Create("Get-EGoatPeer").Run(room))).Name);
        Assert.Equal("ada", Assert.IsType<EGoatPeer>(Assert.Single(Create("Wait-EGoatPeer").Run(room))).Name);
        Assert.Equal("ada", Assert.IsType<EGoatPeer>(Assert.Single(Run("Get-EGoatPeer", new { Room = room, Name = "a?a" }).Output)).Name);
        EGoatMessage toPeer = Assert.IsType<EGoatMessage>(Assert.Single(Create("Get-EGoatPeer", new { Name = "ada" }).Pipe("Send-EGoatMessage", new { Text = "to you" }).Run()));
        Assert.True(toPeer.Private);
        EGoatMessage toRoom = Assert.IsType<EGoatMessage>(Assert.Single(Create("Send-EGoatMessage", new { Text = "to all" }).Run(room)));
        Assert.False(toRoom.Private);
        await there.SendTextAsync("hello", cancellationToken: Cancelled);
        EGoatMessage answer = Assert.IsType<EGoatMessage>(Assert.Single(
            Create("Receive-EGoatMessage", new { Room = room, Wait = true, Count = 1 }).Pipe("Send-EGoatMessage", new { Text = "got it" }).Run()));
        Assert.True(answer.Private);
        Assert.Equal(["to you", "to all", "got it"], await TakeAsync(there, 3));
        Assert.Equal("hello", Assert.IsType<EGoatMessage>(Assert.Single(Create("Get-EGoatHistory", new { Peer = there.Identity }).Run(room))).Text);
        Create("Get-EGoatRoom", new { Name = "other" }).Pipe("Exit-EGoatRoom").Run();
        Assert.Equal(EGoatRoomState.Left, other.State);
    }

    [Fact]
    public async Task What_has_a_text_is_sent_as_it_and_what_has_none_is_an_error()
    {
        Room there = await JoinThereAsync();
        await WaitForPeerAsync(JoinHere());
        var row = new PSObject();
        row.Properties.Add(new PSNoteProperty("Text", "from a table"));
        var none = new PSObject();
        none.Properties.Add(new PSNoteProperty("CPU", 3));
        EGoatMessage old = new() { Id = "m", Room = "lobby", From = "", FromIdentity = "", Text = "from the history", SentAt = default, ReceivedAt = default, Direction = EGoatDirection.Received };
        CommandRunner send = Create("Send-EGoatMessage");
        send.Run("text", 42, 1.5, row, none, old);
        Assert.Equal(["text", "42", "1.5", "from a table", "from the history"], send.Output.Cast<EGoatMessage>().Select(m => m.Text));
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.StartsWith("InvalidInput,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(["text", "42", "1.5", "from a table", "from the history"], await TakeAsync(there, 5));
    }

    [Fact]
    public async Task Events_tell_what_has_happened_with_the_state()
    {
        EGoatRoom room = JoinHere();
        var events = System.Threading.Channels.Channel.CreateUnbounded<string>();
        room.PeerJoined += (_, e) => events.Writer.TryWrite($"joined {e.Peer.Name}");
        room.PeerLeft += (_, e) => events.Writer.TryWrite($"left {e.Peer.Name}");
        room.MessageReceived += (_, e) => events.Writer.TryWrite($"message {e.Message.Text}");
        room.TransferEnded += (_, e) => events.Writer.TryWrite($"ended {e.Transfer.Name} {e.Transfer.State}");
        room.StateChanged += (_, e) => events.Writer.TryWrite($"state {e.State}");
        Room there = await JoinThereAsync(receives: true);
        Assert.Equal("joined there", await events.Reader.ReadAsync(Cancelled));
        await there.SendTextAsync("hi", cancellationToken: Cancelled);
        Assert.Equal("message hi", await events.Reader.ReadAsync(Cancelled));
        Run("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", 1) } });
        Assert.Equal("ended goat.bin Completed", await events.Reader.ReadAsync(Cancelled));
        await there.LeaveAsync(Cancelled);
        Assert.Equal("left there", await events.Reader.ReadAsync(Cancelled));
        Run("Exit-EGoatRoom");
        Assert.Equal("state Left", await events.Reader.ReadAsync(Cancelled));
    }

    [Fact]
    public void Removing_the_module_from_one_runspace_leaves_the_rooms_of_another()
    {
        EGoatRoom room = JoinHere();
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Repository.Module]);
        using Runspace second = RunspaceFactory.CreateRunspace(state);
        second.Open();
        using var shell = System.Management.Automation.PowerShell.Create(second);
        Assert.Same(room, Assert.Single(shell.AddScript("Get-EGoatRoom; Remove-Module EGoat").Invoke()).BaseObject);
        Assert.Equal(EGoatRoomState.Joined, room.State);
    }

    [Fact]
    public async Task Files_are_received_by_rules_and_the_room_is_as_before()
    {
        Room there = await JoinThereAsync();
        Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true });
        string inbox = Path.Combine(Folder, "inbox here");
        CommandRunner receive = Create("Receive-EGoatFile", new { Destination = inbox, Include = new[] { "*.txt" }, MaxLength = 100, Count = 1 });
        Task<IReadOnlyList<object?>> receiving = receive.Start();
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        string[] paths = [.. new[] { "goat.txt", "goat.exe" }.Select(n => Path.Combine(Folder, n))];
        paths.ToList().ForEach(p => File.WriteAllText(p, "goat"));
        IReadOnlyList<EGoatTransfer> sent = await there.SendFiles(paths, Cancelled).Completion.WaitAsync(Cancelled);
        Assert.Equal(["goat.txt"], sent.Where(t => t.State == EGoatTransferState.Completed).Select(t => t.Name));
        EGoatTransfer[] received = [.. (await receiving.WaitAsync(Cancelled)).Cast<EGoatTransfer>()];
        Assert.Contains(received, t => t is { Name: "goat.exe", State: EGoatTransferState.Rejected });
        Assert.Equal("goat", await File.ReadAllTextAsync(received.Single(t => t.State == EGoatTransferState.Completed).Path, Cancelled));
        using RoomSubscription events = there.Subscribe();
        while (there.Peers.Any(p => p.AcceptsFiles))
        {
            await events.ReadAllAsync(Cancelled).FirstAsync(Cancelled);
        }
    }

    [Fact]
    public async Task A_text_is_sent_as_a_file_and_transfers_are_remembered()
    {
        Room there = await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { Text = "hello", FileName = "note.txt" });
        EGoatTransfer sent = Assert.IsType<EGoatTransfer>(Assert.Single(send.Run()));
        Assert.Equal(("note.txt", 5, EGoatTransferState.Completed), (sent.Name, sent.Length, sent.State));
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(Folder, "inbox", "note.txt"), Cancelled));
        Run("Exit-EGoatRoom");
        Assert.Equal(sent.Id, Assert.IsType<EGoatTransfer>(Assert.Single(Run("Get-EGoatTransfer", new { Room = "lobby" }).Output)).Id);
        Assert.Empty(Run("Get-EGoatTransfer", new { Active = true }).Output);
        Assert.Empty(Run("Get-EGoatTransfer", new { State = new[] { EGoatTransferState.Failed } }).Output);
        Assert.NotNull(there);
    }

    [Fact]
    public async Task The_receiver_is_asked_and_a_job_reports_what_came_of_it()
    {
        Room there = await JoinThereAsync();
        Run("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Background = true });
        CommandRunner receive = Create("Receive-EGoatFile", new { Destination = Path.Combine(Folder, "inbox here"), Ask = true });
        receive.Host.Answer = _ => "No";
        Task<IReadOnlyList<object?>> receiving = receive.Start();
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        string path = Path.Combine(Folder, "goat\u202etxt");
        await File.WriteAllTextAsync(path, "goat", Cancelled);
        EGoatTransfer sent = Assert.Single(await there.SendFiles([path], Cancelled).Completion.WaitAsync(Cancelled));
        Assert.Equal(EGoatTransferState.Rejected, sent.State);
        string query = Assert.Single(receive.Host.Questions);
        Assert.Contains(@"goat\u202etxt (4 bytes)", query, StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => receive.Output.Count > 0, TimeSpan.FromSeconds(30)));
        receive.Stop();
        Assert.Equal(EGoatTransferState.Rejected, Assert.IsType<EGoatTransfer>(Assert.Single(await receiving.WaitAsync(Cancelled))).State);

        there.SetReceive(new ReceiveOptions { Destination = Path.Combine(Folder, "inbox") });
        await WaitForPeerAsync(Assert.IsAssignableFrom<EGoatRoom>(Assert.Single(Run("Get-EGoatRoom").Output)), acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { LiteralPath = new[] { path }, AsJob = true });
        using Job job = Assert.IsAssignableFrom<Job>(Assert.Single(send.Run()));
        Assert.True(job.Finished.WaitOne(TimeSpan.FromSeconds(30)));
        Assert.Equal(JobState.Completed, job.JobStateInfo.State);
        Assert.Equal(EGoatTransferState.Completed, Assert.IsType<EGoatTransfer>(Assert.Single(job.Output).BaseObject).State);
    }

    private async Task<List<string>> TakeAsync(Room room, int count)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            texts.Add((await room.Unread.TakeAsync(Cancelled))!.Text);
        }

        return texts;
    }
}
