using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Transfers in the background, as a job: Wait-Job waits for their end, Receive-Job has their outcome, Stop-Job cancels them.</summary>
internal sealed class TransferJob : Job
{
    private readonly string _room;
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;

    public TransferJob(string command, string room, Task<IReadOnlyList<EGoatTransfer>> transfers, CancellationTokenSource stop)
        : base(command)
    {
        _room = room;
        _stop = stop;
        PSJobTypeName = "EGoatTransferJob";
        SetJobState(JobState.Running);
        _running = RunAsync(transfers);
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || JobStateInfo.State == JobState.Running;

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
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Cancel();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task RunAsync(Task<IReadOnlyList<EGoatTransfer>> transfers)
    {
        JobState state = JobState.Failed;
        try
        {
            IReadOnlyList<EGoatTransfer> ended = await transfers.ConfigureAwait(false);
            foreach (EGoatTransfer transfer in ended)
            {
                Output.Add(PSObject.AsPSObject(transfer));
            }

            state = _stop.IsCancellationRequested ? JobState.Stopped
                : ended.All(t => t.State == EGoatTransferState.Completed) ? JobState.Completed
                : JobState.Failed;
        }
        catch (OperationCanceledException)
        {
            state = JobState.Stopped;
        }
#pragma warning disable CA1031 // Whatever ended the transfers is the job's error.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Error.Add(new ErrorRecord(e, "TransferFailed", ErrorCategory.ConnectionError, _room));
        }

        SetJobState(state);
    }
}
