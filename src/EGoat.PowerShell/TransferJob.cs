using System.ComponentModel;
using System.Management.Automation;
using System.Reflection;

namespace EGoat.PowerShell;

/// <summary>
/// Transfers in the background, as a job: Wait-Job waits for their end, Receive-Job has their outcome, warnings and errors,
/// Stop-Job cancels them. It has failed when a file was not delivered, and its Reason says so.
/// </summary>
internal sealed class TransferJob : Job2, IOutput
{
    /// <summary>Not in the reference assembly that the module is compiled against.</summary>
    private static readonly MethodInfo SetStateWithReason =
        typeof(Job2).GetMethod("SetJobState", BindingFlags.Instance | BindingFlags.NonPublic, [typeof(JobState), typeof(Exception)])!;

    private readonly string _room;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>The last progress record of each activity: it takes the place of the one before, so that their number is bounded.</summary>
    private readonly Dictionary<int, ProgressRecord> _progress = [];

    /// <param name="command">The command line that made it.</param>
    /// <param name="room">The room's name.</param>
    /// <param name="run">Writes into its streams until all has ended, and returns whether everything was delivered.</param>
    public TransferJob(string command, string room, Func<IOutput, CancellationToken, bool> run)
        : base(command)
    {
        _room = room;
        PSJobTypeName = "EGoatTransferJob";
        SetJobState(JobState.Running);
        CancellationToken stopping = _stop.Token;
        _running = Task.Factory.StartNew(() => Run(run, stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || JobStateInfo.State == JobState.Running;

    /// <inheritdoc/>
    public override string Location => _room;

    /// <inheritdoc/>
    public override string StatusMessage => JobStateInfo.State.ToString();

    /// <inheritdoc/>
    public override void StopJob()
    {
        _stop.Cancel();
        _running.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override void StopJob(bool force, string reason) => StopJob();

    /// <inheritdoc/>
    public override void StopJobAsync()
    {
        _stop.Cancel();
        _running.ContinueWith(_ => OnStopJobCompleted(new AsyncCompletedEventArgs(null, false, null)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public override void StopJobAsync(bool force, string reason) => StopJobAsync();

    /// <inheritdoc/>
    public override void StartJob() => throw CannotBe("started again");

    /// <inheritdoc/>
    public override void StartJobAsync() => OnStartJobCompleted(new AsyncCompletedEventArgs(CannotBe("started again"), false, null));

    /// <inheritdoc/>
    public override void SuspendJob() => throw CannotBe("suspended; Suspend-EGoatTransfer pauses a transfer");

    /// <inheritdoc/>
    public override void SuspendJob(bool force, string reason) => SuspendJob();

    /// <inheritdoc/>
    public override void SuspendJobAsync() => OnSuspendJobCompleted(new AsyncCompletedEventArgs(CannotBe("suspended; Suspend-EGoatTransfer pauses a transfer"), false, null));

    /// <inheritdoc/>
    public override void SuspendJobAsync(bool force, string reason) => SuspendJobAsync();

    /// <inheritdoc/>
    public override void ResumeJob() => throw CannotBe("resumed; Resume-EGoatTransfer ends the pause of a transfer");

    /// <inheritdoc/>
    public override void ResumeJobAsync() => OnResumeJobCompleted(new AsyncCompletedEventArgs(CannotBe("resumed; Resume-EGoatTransfer ends the pause of a transfer"), false, null));

    /// <inheritdoc/>
    public override void UnblockJob() => throw CannotBe("unblocked: it asks nothing");

    /// <inheritdoc/>
    public override void UnblockJobAsync() => OnUnblockJobCompleted(new AsyncCompletedEventArgs(CannotBe("unblocked: it asks nothing"), false, null));

    void IOutput.WriteObject(object? sendToPipeline) => Output.Add(PSObject.AsPSObject(sendToPipeline!));

    // Who stops it knows that they are cancelled.
    void IOutput.WriteError(ErrorRecord errorRecord)
    {
        if (!_stop.IsCancellationRequested)
        {
            Error.Add(errorRecord);
        }
    }

    void IOutput.WriteWarning(string text) => Warning.Add(new WarningRecord(text));

    void IOutput.WriteProgress(ProgressRecord progressRecord)
    {
        if (_progress.TryGetValue(progressRecord.ActivityId, out ProgressRecord? before))
        {
            Progress.Remove(before);
        }

        _progress[progressRecord.ActivityId] = progressRecord;
        Progress.Add(progressRecord);
    }

    T IOutput.WaitFor<T>(Task<T> task) => task.GetAwaiter().GetResult();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Cancel();
        }

        base.Dispose(disposing);
    }

    private static InvalidOperationException CannotBe(string what) => new($"A job of transfers cannot be {what}.");

    private void Run(Func<IOutput, CancellationToken, bool> run, CancellationToken stopping)
    {
        JobState state = JobState.Failed;
        Exception? cause = null;
        try
        {
            bool isDelivered = run(this, stopping);
            state = stopping.IsCancellationRequested ? JobState.Stopped
                : isDelivered ? JobState.Completed
                : JobState.Failed;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            state = JobState.Stopped;
        }
#pragma warning disable CA1031 // Whatever ended the transfers is the job's error.
        catch (Exception e)
#pragma warning restore CA1031
        {
            cause = e;
            Error.Add(Errors.From(e, _room) ?? new ErrorRecord(e, "TransferJobFailed", ErrorCategory.NotSpecified, _room));
        }

        // Receive-Job writes the reason after the errors, so it does not repeat them.
        cause ??= Error.Count > 0 ? Error[0].Exception : null;
        SetStateWithReason.Invoke(this, [state, state == JobState.Failed ? new IOException($"Not everything was delivered in the room '{_room}'; each of the {Error.Count} errors says what.", cause) : null]);
    }
}
