using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>
/// One call of Send-EGoatFile, in a pipeline or in a job: the transfers are written as each ends, with progress meanwhile, and
/// the errors of those that were not delivered when all have ended, so that the first does not end the others.
/// </summary>
internal sealed class FileSending(Room room, FileSendingOptions options, IOutput output)
{
    private readonly List<EGoatTransfer> _undelivered = [];

    /// <summary>The files that were written; the end of one may be seen twice.</summary>
    private readonly HashSet<(string Id, string Name)> _written = [];

    /// <summary>Whether somebody who is meant was not there.</summary>
    private bool _isIncomplete;

    /// <summary>Runs until the last transfer has ended.</summary>
    /// <param name="cancellationToken">Cancels those under way.</param>
    /// <returns>Whether everything was delivered to everybody who is meant.</returns>
    /// <exception cref="RoomException">A file cannot be read.</exception>
    public bool Run(CancellationToken cancellationToken)
    {
        if (FindReceivers(cancellationToken) is not { } files)
        {
            return !_isIncomplete;
        }

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using RoomSubscription events = room.Subscribe();
        FileSend send = output.WaitFor(Task.Run(() => room.SendFiles(files, cancel.Token), cancel.Token));
        try
        {
            Run(send, events);
        }
        finally
        {
            // A later command of the pipeline has ended it, or Ctrl+C.
            cancel.Cancel();
            ((Task)send.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }

        return _undelivered.Count == 0 && !_isIncomplete;
    }

    // What is sent, to those who are there; null when nobody is. Who comes within a window is served as they come.
    private SendFileOptions? FindReceivers(CancellationToken cancellationToken)
    {
        if (options.Files.JoinWindow > TimeSpan.Zero)
        {
            return options.Files with { To = options.To };
        }

        var receivers = new Receivers(room, options.To, acceptingFiles: true);
        if (!receivers.Look())
        {
            output.WaitFor(WaitAsync());
        }

        foreach (string missing in options.AllowNoReceiver ? [] : receivers.Missing)
        {
            _isIncomplete = true;
            output.WriteError(Errors.NobodyNamed(room, missing, acceptingFiles: true));
        }

        if (receivers.Found.Count == 0)
        {
            ReportNobody();
            return null;
        }

        return options.Files with { To = options.To.Count == 0 ? [] : [.. receivers.Found.Select(p => p.Id)] };

        async Task<bool> WaitAsync()
        {
            await receivers.WaitAsync(options.Timeout, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }

    // Who is named and missing has had an error of their own.
    private void ReportNobody()
    {
        if (!options.AllowNoReceiver && !_isIncomplete)
        {
            _isIncomplete = true;
            output.WriteError(Errors.NobodyThere(room, acceptingFiles: true));
        }
    }

    private void Run(FileSend send, RoomSubscription events)
    {
        foreach (string skipped in send.Skipped)
        {
            output.WriteWarning(Remedy.InPowerShell(skipped));
        }

        ShowEvents(send, events);
        foreach (EGoatTransfer transfer in output.WaitFor(send.Completion))
        {
            Write(transfer);
        }

        if (_written.Count == 0 && send.FileCount > 0)
        {
            ReportNobody();
        }

        foreach (EGoatTransfer transfer in _undelivered)
        {
            output.WriteError(Errors.From(transfer)!);
        }
    }

    private void ShowEvents(FileSend send, RoomSubscription events)
    {
        var view = new TransferProgressView($"Sending to {room.Name}", send.FileCount, send.Length, TimeProvider.System, output.WriteProgress);
        using var ended = new CancellationTokenSource();
        _ = send.Completion.ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        IAsyncEnumerator<RoomEvent> stream = events.ReadAllAsync(ended.Token).GetAsyncEnumerator(ended.Token);
        try
        {
            view.Start(send.Recipients.Count == 0 ? "Waiting for members" : "Waiting for answers");
            while (output.WaitFor(stream.MoveNextAsync().AsTask()))
            {
                if (stream.Current is RoomTransferChanged { Transfer: var transfer } && send.Includes(transfer))
                {
                    view.Show(transfer);
                    if (transfer.IsEnded)
                    {
                        Write(transfer);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // All transfers have ended; their last events may still be on their way.
        }
        finally
        {
            stream.DisposeAsync().AsTask().GetAwaiter().GetResult();
            view.Complete();
        }
    }

    private void Write(EGoatTransfer transfer)
    {
        if (_written.Add((transfer.Id, transfer.Name)))
        {
            if (Errors.From(transfer) is not null)
            {
                _undelivered.Add(transfer);
            }

            output.WriteObject(transfer);
        }
    }
}
