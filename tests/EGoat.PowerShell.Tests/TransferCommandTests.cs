using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Tests;

/// <summary>What Send-EGoatFile, its job and Receive-EGoatFile tell of transfers that are not delivered, cancelled or stopped.</summary>
[Collection("The installation of this process")]
public sealed class TransferCommandTests : CommandTestBase
{
    /// <summary>So slow that a file of 8 MiB is under way until something ends it.</summary>
    private const long Slow = 1024 * 1024;

    private const int Large = 8 * 1024 * 1024;

    [Fact]
    public async Task A_rejected_file_is_an_object_and_an_error_about_it_and_the_others_are_delivered()
    {
        await JoinThereAsync(Inbox with { Include = ["*.txt"] });
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        CommandRunner send = Run("Send-EGoatFile", new { Path = new[] { WriteFile("goat.exe", 10), WriteFile("goat.txt", 10) } });
        EGoatTransfer[] transfers = [.. send.Output.Cast<EGoatTransfer>()];
        Assert.Equal(["goat.exe Rejected", "goat.txt Completed"], transfers.Select(t => $"{t.Name} {t.State}").Order());
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.Equal(("TransferRejected,EGoat.PowerShell.Commands.SendEGoatFile", ErrorCategory.PermissionDenied), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Same(Assert.Single(transfers, t => t.State == EGoatTransferState.Rejected), error.TargetObject);
        Assert.StartsWith("The file 'goat.exe' was not sent to there: ", error.Exception.Message, StringComparison.Ordinal);
        Assert.Same(error.TargetObject, Assert.IsType<EGoatTransferException>(error.Exception).Transfer);
    }

    [Fact]
    public async Task A_transfer_that_the_receiver_gives_up_is_a_failure_and_leaves_no_progress_behind()
    {
        Room there = await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", Large) }, MaxRate = Slow });
        Task<IReadOnlyList<object?>> sending = send.Start();
        EGoatTransfer incoming = await WaitForBytesAsync(there);
        there.CancelTransfer(incoming.Id);
        EGoatTransfer transfer = Assert.IsType<EGoatTransfer>(Assert.Single(await sending.WaitAsync(Cancelled)));
        Assert.Equal(EGoatTransferState.Failed, transfer.State);
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.Equal(("TransferFailed,EGoat.PowerShell.Commands.SendEGoatFile", ErrorCategory.ConnectionError), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Equal(transfer, error.TargetObject);
        AssertCompleted(send.Progress, 0, 1);
    }

    [Fact]
    public async Task Ctrl_C_cancels_the_transfers()
    {
        Room there = await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", Large) }, MaxRate = Slow });
        Task<IReadOnlyList<object?>> sending = send.Start();
        await WaitForBytesAsync(there);
        send.Stop();
        Assert.Empty(await sending.WaitAsync(Cancelled));
        Assert.Empty(send.Errors);
        Assert.Equal(EGoatTransferState.Cancelled, Assert.Single(here.Transfers).State);
    }

    [Fact]
    public async Task A_later_command_that_has_enough_cancels_the_other_transfers()
    {
        await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("a", 1), WriteFile("b", Large) }, MaxRate = Slow });
        send.Pipe("Select-Object", new { First = 1 });
        Assert.Equal("a", Assert.IsType<EGoatTransfer>(Assert.Single(await send.Start())).Name);
        Assert.Equal(["a Completed", "b Cancelled"], here.Transfers.Select(t => $"{t.Name} {t.State}").Order());
    }

    [Fact]
    public void Nobody_who_accepts_files_is_an_error_unless_that_is_allowed_also_after_a_window()
    {
        EGoatRoom room = JoinHere();
        string file = WriteFile("goat.bin", 1);
        CommandRunner send = Run("Send-EGoatFile", new { Path = new[] { file } });
        ErrorRecord error = Assert.Single(send.Errors);
        Assert.Equal(("NoReceiver,EGoat.PowerShell.Commands.SendEGoatFile", ErrorCategory.ObjectNotFound), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Same(room, error.TargetObject);
        Assert.StartsWith("Nobody in the room 'lobby' accepts files.", error.Exception.Message, StringComparison.Ordinal);
        Assert.Empty(send.Output);
        Assert.Empty(send.Progress);
        Assert.Empty(send.Warnings);
        Assert.Empty(Run("Send-EGoatFile", new { Path = new[] { file }, AllowNoReceiver = true }).Errors);

        CommandRunner waiting = Run("Send-EGoatFile", new { Path = new[] { file }, JoinWindow = 1 });
        Assert.StartsWith("NoReceiver,", Assert.Single(waiting.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        AssertCompleted(waiting.Progress, 0);
    }

    [Fact]
    public async Task A_member_that_comes_within_the_window_is_served()
    {
        EGoatRoom here = JoinHere();
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", 1) }, JoinWindow = 600 });
        send.Pipe("Select-Object", new { First = 1 });
        Task<IReadOnlyList<object?>> sending = send.Start();
        await JoinThereAsync(receives: true);
        Assert.Equal(EGoatTransferState.Completed, Assert.IsType<EGoatTransfer>(Assert.Single(await sending.WaitAsync(Cancelled))).State);
        Assert.NotNull(here);
    }

    [Fact]
    public void The_job_has_the_error_that_the_command_would_have_and_a_reason()
    {
        JoinHere();
        string file = WriteFile("goat.bin", 1);
        using Job nobody = Start("Send-EGoatFile", new { Path = new[] { file }, AsJob = true });
        Assert.StartsWith("Nobody in the room 'lobby' accepts files.", Assert.Single(nobody.Error).Exception.Message, StringComparison.Ordinal);
        Assert.Equal(JobState.Failed, nobody.JobStateInfo.State);
        Assert.Same(nobody.Error[0].Exception, Assert.IsType<IOException>(nobody.JobStateInfo.Reason).InnerException);
        Assert.True(nobody.HasMoreData);

        ErrorRecord expected = Assert.Single(Run("Send-EGoatFile", new { Path = new[] { file }, To = new[] { "ada" }, Timeout = 0 }).Errors);
        using Job absent = Start("Send-EGoatFile", new { Path = new[] { file }, To = new[] { "ada" }, Timeout = 0, AsJob = true });
        ErrorRecord error = Assert.Single(absent.Error);
        Assert.Equal(JobState.Failed, absent.JobStateInfo.State);
        Assert.Equal((expected.FullyQualifiedErrorId.Split(',')[0], expected.Exception.Message), (error.FullyQualifiedErrorId, error.Exception.Message));
        Assert.Contains("Nobody in the room 'lobby' is 'ada'", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_has_failed_when_a_file_was_not_delivered_and_says_which()
    {
        await JoinThereAsync(Inbox with { Include = ["*.txt"] });
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        using Job job = Start("Send-EGoatFile", new { Path = new[] { WriteFile("goat.exe", 10), WriteFile("goat.txt", 10) }, AsJob = true });
        Assert.Equal(JobState.Failed, job.JobStateInfo.State);
        Assert.Equal(["goat.exe Rejected", "goat.txt Completed"], job.Output.Select(o => (EGoatTransfer)o.BaseObject).Select(t => $"{t.Name} {t.State}").Order());
        Assert.Equal("goat.exe", Assert.IsType<EGoatTransfer>(Assert.Single(job.Error).TargetObject).Name);
    }

    [Fact]
    public async Task A_stopped_job_has_cancelled_its_transfer_and_one_progress_record_for_each_activity()
    {
        Room there = await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        using Job job = Assert.IsAssignableFrom<Job>(Assert.Single(Run("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", Large) }, MaxRate = Slow, AsJob = true }).Output));
        await WaitForBytesAsync(there);
        Assert.Equal(JobState.Running, job.JobStateInfo.State);
        job.StopJob();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        Assert.Equal(EGoatTransferState.Cancelled, Assert.IsType<EGoatTransfer>(Assert.Single(job.Output).BaseObject).State);
        Assert.Empty(job.Error);
        Assert.Equal([0, 1], job.Progress.Select(p => p.ActivityId).Order());
        AssertCompleted([.. job.Progress], 0, 1);
        job.StopJob(); // once more does nothing
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
    }

    [Fact]
    public async Task A_file_that_the_sender_gives_up_is_an_error_of_the_receiver_and_one_that_its_rules_refuse_is_not()
    {
        Room there = await JoinThereAsync();
        JoinHere();
        CommandRunner receive = Create("Receive-EGoatFile", new { Destination = Path.Combine(Folder, "inbox here"), Include = new[] { "*.bin" } });
        Task<IReadOnlyList<object?>> receiving = receive.Start();
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        await there.SendFiles([WriteFile("goat.exe", 1)], Cancelled).Completion.WaitAsync(Cancelled);
        FileSend send = there.SendFiles(new SendFileOptions { Paths = [WriteFile("goat.bin", Large)], MaxRate = Slow }, Cancelled);
        there.CancelTransfer((await WaitForBytesAsync(there)).Id);
        await send.Completion.WaitAsync(Cancelled);
        Assert.True(SpinWait.SpinUntil(() => receive.Errors.Count > 0, TimeSpan.FromSeconds(60)));
        receive.Stop();
        EGoatTransfer[] received = [.. (await receiving.WaitAsync(Cancelled)).Cast<EGoatTransfer>()];
        Assert.Equal(["goat.exe Rejected", "goat.bin Cancelled"], received.Select(t => $"{t.Name} {t.State}"));
        ErrorRecord error = Assert.Single(receive.Errors);
        Assert.Equal(("TransferCancelled,EGoat.PowerShell.Commands.ReceiveEGoatFile", ErrorCategory.OperationStopped), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Same(received[1], error.TargetObject);
        Assert.StartsWith("The file 'goat.bin' was not received from there: The sender cancelled it", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_named_is_waited_for_until_they_accept_files_and_each_who_does_not_is_an_error()
    {
        Room there = await JoinThereAsync(null, "ada");
        await WaitForPeerAsync(JoinHere());
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", 1) }, To = new[] { "ad*" }, Timeout = 100 });
        Task<IReadOnlyList<object?>> sending = send.Start();
        there.SetReceive(Inbox);
        Assert.Equal(EGoatTransferState.Completed, Assert.IsType<EGoatTransfer>(Assert.Single(await sending.WaitAsync(Cancelled))).State);
        CommandRunner partly = Run("Send-EGoatFile", new { Path = new[] { WriteFile("second.bin", 1) }, To = new[] { "ada", "bob" }, Timeout = 0 });
        Assert.Equal("bob", Assert.Single(partly.Errors).TargetObject);
        Assert.Equal("second.bin", Assert.IsType<EGoatTransfer>(Assert.Single(partly.Output)).Name);
    }

    [Fact]
    public async Task An_object_names_its_file_by_a_property_and_names_are_taken_as_they_stand()
    {
        await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        string path = WriteFile("a[1].txt", 1);
        WriteFile("a1.txt", 2);
        PSObject[] rows = [.. new[] { "Path", "FullName", "LiteralPath" }.Select(Row)];
        EGoatTransfer first = Assert.IsType<EGoatTransfer>(Assert.Single(Create("Send-EGoatFile").Run(new FileInfo(path))));
        Assert.Equal("a[1].txt", first.Name);
        foreach (object item in new object[] { path, rows[0], rows[1], rows[2], first })
        {
            Assert.Equal("a[1].txt", Assert.IsType<EGoatTransfer>(Assert.Single(Create("Send-EGoatFile").Run(item))).Name);
        }

        // Given as an argument it is a pattern, as everywhere in PowerShell.
        Assert.Equal("a1.txt", Assert.IsType<EGoatTransfer>(Assert.Single(Run("Send-EGoatFile", new { Path = new[] { path } }).Output)).Name);
        CommandRunner wrong = Create("Send-EGoatFile");
        wrong.Run(new PSObject(), 3.5);
        Assert.All(wrong.Errors, e => Assert.StartsWith("InvalidInput,", e.FullyQualifiedErrorId, StringComparison.Ordinal));
        Assert.Equal(2, wrong.Errors.Count);
        CommandRunner none = Run("Send-EGoatFile", new { Path = new[] { Path.Combine(Folder, "nothing*") } });
        Assert.Equal("FileNotFound,EGoat.PowerShell.Commands.SendEGoatFile", Assert.Single(none.Errors).FullyQualifiedErrorId);
        CommandRunner folder = Run("Send-EGoatFile", new { Path = new[] { Folder } });
        Assert.Equal("FolderNotRecursed,EGoat.PowerShell.Commands.SendEGoatFile", Assert.Single(folder.Errors).FullyQualifiedErrorId);
        Assert.DoesNotContain("--", folder.Errors[0].Exception.Message, StringComparison.Ordinal);

        PSObject Row(string name)
        {
            var row = new PSObject();
            row.Properties.Add(new PSNoteProperty(name, path));
            return row;
        }
    }

    [Fact]
    public async Task A_question_that_nobody_answers_is_a_rejection_and_so_is_Enter()
    {
        Room there = await JoinThereAsync();
        JoinHere();
        using var answered = new ManualResetEventSlim();
        CommandRunner receive = Create("Receive-EGoatFile", new { Destination = Path.Combine(Folder, "inbox here"), Ask = true, AnswerTimeout = 1 });
        receive.Host.Answer = _ =>
        {
            answered.Wait(Cancelled);
            return null;
        };
        Task<IReadOnlyList<object?>> receiving = receive.Start();
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        EGoatTransfer sent = Assert.Single(await there.SendFiles([WriteFile("goat.bin", 1)], Cancelled).Completion.WaitAsync(Cancelled));
        Assert.Equal(EGoatTransferState.Rejected, sent.State);
        Assert.Contains("has not answered within 1 s", sent.Error, StringComparison.Ordinal);
        answered.Set();
        sent = Assert.Single(await there.SendFiles([WriteFile("goat.bin", 1)], Cancelled).Completion.WaitAsync(Cancelled));
        Assert.Equal(EGoatTransferState.Rejected, sent.State);
        Assert.Equal(2, receive.Host.Questions.Count);
        receive.Stop();
        await receiving.WaitAsync(Cancelled);
    }

    [Fact]
    public async Task A_job_receives_by_rules_until_it_is_stopped()
    {
        Room there = await JoinThereAsync();
        JoinHere();
        string inbox = Path.Combine(Folder, "inbox here");
        Assert.Contains(inbox, Assert.Single(Create("Receive-EGoatFile", new { Destination = inbox, Confirm = true }).Pipe("Out-Null").RunAsked()), StringComparison.Ordinal);
        using Job job = Assert.IsAssignableFrom<Job>(Assert.Single(Run("Receive-EGoatFile", new { Destination = inbox, Include = new[] { "*.txt" }, AsJob = true }).Output));
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        await there.SendFiles([WriteFile("goat.txt", 1), WriteFile("goat.exe", 1)], Cancelled).Completion.WaitAsync(Cancelled);
        Assert.True(SpinWait.SpinUntil(() => job.Output.Count == 2, TimeSpan.FromSeconds(60)));
        Assert.Equal(["goat.exe Rejected", "goat.txt Completed"], job.Output.Select(o => (EGoatTransfer)o.BaseObject).Select(t => $"{t.Name} {t.State}").Order());
        job.StopJob();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        ErrorRecord error = Fail("Receive-EGoatFile", new { Destination = WriteFile("file", 1) });
        Assert.Equal("NotAFolder,EGoat.PowerShell.Commands.ReceiveEGoatFile", error.FullyQualifiedErrorId);
    }

    [Fact]
    public async Task Leaving_while_a_file_is_under_way_asks()
    {
        Room there = await JoinThereAsync(receives: true);
        EGoatRoom here = JoinHere();
        await WaitForPeerAsync(here, acceptingFiles: true);
        using Job job = Assert.IsAssignableFrom<Job>(Assert.Single(Run("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", Large) }, MaxRate = Slow, AsJob = true }).Output));
        await WaitForBytesAsync(there);
        CommandRunner leave = Create("Exit-EGoatRoom");
        leave.Host.Answer = _ => null;
        leave.Run();
        Assert.Contains("under way", Assert.Single(leave.Host.Questions), StringComparison.Ordinal);
        Assert.Equal(EGoatRoomState.Joined, here.State);
        Run("Exit-EGoatRoom", new { Force = true });
        Assert.Equal(EGoatRoomState.Left, here.State);
    }

    [Fact]
    public async Task WhatIf_names_the_files_and_whom_they_would_go_to()
    {
        await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        CommandRunner send = Create("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", 1) }, To = new[] { "there" }, Confirm = true });
        Assert.Contains("goat.bin to there in lobby", Assert.Single(send.RunAsked()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_not_there_is_an_error_and_the_others_are_sent()
    {
        await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        string missing = Path.Combine(Folder, "missing");
        foreach (string set in new[] { "Path", "LiteralPath" })
        {
            string[] paths = [missing, WriteFile($"{set}.bin", 1)];
            CommandRunner send = set == "Path" ? Create("Send-EGoatFile", new { Path = paths }) : Create("Send-EGoatFile", new { LiteralPath = paths });
            Assert.Equal($"{set}.bin", Assert.IsType<EGoatTransfer>(Assert.Single(send.Run())).Name);
            ErrorRecord error = Assert.Single(send.Errors);
            Assert.Equal(("FileNotFound,EGoat.PowerShell.Commands.SendEGoatFile", (object)missing), (error.FullyQualifiedErrorId, error.TargetObject!));
        }
    }

    [Fact]
    public async Task A_joined_stream_that_receives_files_shows_progress_and_no_peer_ends_it_with_an_error()
    {
        Room there = await JoinThereAsync();
        CommandRunner join = Create("Join-EGoatRoom", new { Room = "lobby", Server = Server.Url, Destination = Path.Combine(Folder, "inbox here"), Count = 1 });
        Task<IReadOnlyList<object?>> joined = join.Start();
        await there.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        FileSend send = there.SendFiles(new SendFileOptions { Paths = [WriteFile("goat.bin", Large)], MaxRate = Slow }, Cancelled);
        there.CancelTransfer((await WaitForBytesAsync(there)).Id);
        await send.Completion.WaitAsync(Cancelled);
        Assert.Equal(EGoatTransferState.Cancelled, Assert.IsType<EGoatTransfer>(Assert.Single(await joined.WaitAsync(Cancelled))).State);
        Assert.Empty(join.Errors);
        AssertCompleted(join.Progress, 0, 1);
    }

    [Fact]
    public async Task Progress_of_another_call_in_the_same_room_is_not_shown()
    {
        Room there = await JoinThereAsync(receives: true);
        await WaitForPeerAsync(JoinHere(), acceptingFiles: true);
        using Job other = Assert.IsAssignableFrom<Job>(Assert.Single(Run("Send-EGoatFile", new { Path = new[] { WriteFile("other.bin", Large) }, MaxRate = Slow, AsJob = true }).Output));
        await WaitForBytesAsync(there);
        CommandRunner send = Run("Send-EGoatFile", new { Path = new[] { WriteFile("goat.bin", 10) } });
        Assert.Equal("goat.bin", Assert.IsType<EGoatTransfer>(Assert.Single(send.Output)).Name);
        Assert.DoesNotContain(send.Progress, p => p.Activity.Contains("other", StringComparison.Ordinal));
        other.StopJob();
    }

    // The records of these activities, and no others, are taken away at the end.
    private static void AssertCompleted(IReadOnlyList<ProgressRecord> records, params int[] activityIds)
    {
        Assert.Equal(activityIds, records.Select(r => r.ActivityId).Distinct().Order());
        Assert.All(activityIds, id => Assert.Equal(ProgressRecordType.Completed, records.Last(r => r.ActivityId == id).RecordType));
        Assert.All(records.Where(r => r.ActivityId != 0), r => Assert.Equal(0, r.ParentActivityId));
    }

    private Job Start(string command, object parameters)
    {
        Job job = Assert.IsAssignableFrom<Job>(Assert.Single(Run(command, parameters).Output));
        Assert.True(job.Finished.WaitOne(TimeSpan.FromSeconds(60)));
        return job;
    }

    // A transfer of which something has arrived or was sent.
    private async Task<EGoatTransfer> WaitForBytesAsync(Room room)
    {
        using RoomSubscription events = room.Subscribe();
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomTransferChanged { Transfer: { BytesTransferred: > 0, IsEnded: false } transfer })
            {
                return transfer;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }
}
