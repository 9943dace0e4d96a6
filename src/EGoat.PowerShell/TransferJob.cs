using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>
/// Transfers in the background, as a job: Wait-Job waits for their end, Receive-Job has their outcome, warnings and errors,
/// Stop-Job cancels them. It has failed when a file was not delivered.
/// </summary>
internal sealed class TransferJob : Job, IOutput
{
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

    private void Run(Func<IOutput, CancellationToken, bool> run, CancellationToken stopping)
    {
        JobState state = JobState.Failed;
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
            Error.Add(Errors.From(e, _room) ?? new ErrorRecord(e, "TransferJobFailed", ErrorCategory.NotSpecified, _room));
        }

        SetJobState(state);
    }
}
