using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>Writes the events of a room to the pipeline on the pipeline thread: messages, and finished transfers if wanted; warnings as such.</summary>
internal sealed class EventStream(EGoatCmdlet cmdlet, int count, int timeoutSeconds, bool withTransfers)
{
    private readonly TransferProgressView _progress = new("Receiving", null, null, TimeProvider.System, cmdlet.WriteProgress);

    /// <summary>Runs until the room is left, or so many messages or seconds have passed (0: no limit), or Ctrl+C.</summary>
    public void Run(RoomSubscription subscription, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (timeoutSeconds > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(timeoutSeconds));
        }

        int written = 0;
        IAsyncEnumerator<RoomEvent> events = subscription.ReadAllAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        try
        {
            while ((count == 0 || written < count) && cmdlet.WaitFor(events.MoveNextAsync().AsTask()))
            {
                written += Write(events.Current) ? 1 : 0;
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
        finally
        {
            events.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _progress.Complete();
        }
    }

    private bool Write(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived message:
                cmdlet.WriteObject(message.Message);
                return true;
            case RoomTransferChanged { Transfer: { Direction: EGoatDirection.Received } transfer } when withTransfers:
                _progress.Show(transfer);
                if (!transfer.IsEnded)
                {
                    return false;
                }

                // Not an error too: whoever cancels a file would end the talk of a script that stops at errors.
                cmdlet.WriteObject(transfer);
                return true;
            case RoomWarning warning:
                cmdlet.WriteWarning(warning.Text);
                return false;
            default:
                return false;
        }
    }
}
