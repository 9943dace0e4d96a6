using System.Threading.Channels;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>
/// One call of Receive-EGoatFile, in a pipeline or in a job: every transfer that has ended is written, with an error if it failed.
/// Afterwards the room accepts what it accepted before.
/// </summary>
/// <param name="room">The room.</param>
/// <param name="rules">What is accepted.</param>
/// <param name="count">Ends after so many files; 0 for no limit.</param>
/// <param name="timeout">Ends after so long; zero for no limit.</param>
/// <param name="output">Where it is told.</param>
internal sealed class FileReceiving(Room room, ReceiveOptions rules, int count, TimeSpan timeout, IOutput output)
{
    /// <summary>Events and questions for the thread that writes.</summary>
    private readonly Channel<object> _incoming = Channel.CreateBounded<object>(1024);

    private bool _hasFailed;

    /// <summary>Answers a question about an offer, on the thread that writes; null takes everything that the rules allow.</summary>
    public Func<FileOffer, FileAnswer>? Decide { get; init; }

    /// <summary>How long a question waits for its answer; then the offer is rejected.</summary>
    public TimeSpan AnswerTimeout { get; init; }

    /// <summary>Runs until so many files or so long, or until it is cancelled.</summary>
    /// <returns>Whether no file failed.</returns>
    public bool Run(CancellationToken cancellationToken)
    {
        ReceiveOptions? before = room.Receive;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeout > TimeSpan.Zero)
        {
            ended.CancelAfter(timeout);
        }

        using RoomSubscription events = room.Subscribe();
        Task pumping = PumpAsync(events, ended.Token);
        room.SetReceive(rules with { Ask = Decide is null ? null : AskAsync });
        try
        {
            Handle(ended.Token);
        }
        finally
        {
            room.SetReceive(before);
            ended.Cancel();
            pumping.GetAwaiter().GetResult();
        }

        return !_hasFailed;
    }

    private async Task PumpAsync(RoomSubscription events, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                await _incoming.Writer.WriteAsync(e, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The command is over.
        }

        _incoming.Writer.TryComplete();
    }

    private void Handle(CancellationToken cancellationToken)
    {
        var view = new TransferProgressView($"Receiving into {rules.Destination}", null, null, TimeProvider.System, output.WriteProgress);
        int delivered = 0;
        try
        {
            while ((count == 0 || delivered < count) && output.WaitFor(_incoming.Reader.WaitToReadAsync(cancellationToken).AsTask()))
            {
                while ((count == 0 || delivered < count) && _incoming.Reader.TryRead(out object? item))
                {
                    delivered += Handle(item, view) ? 1 : 0;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over, or the job was stopped.
        }
        finally
        {
            view.Complete();
        }
    }

    // True when a file was delivered.
    private bool Handle(object item, TransferProgressView view)
    {
        switch (item)
        {
            case Question question:
                question.Answer.TrySetResult(Decide!(question.Offer));
                return false;
            case RoomTransferChanged { Transfer: { Direction: EGoatDirection.Received } transfer }:
                view.Show(transfer);
                if (transfer.IsEnded)
                {
                    output.WriteObject(transfer);
                    if (Errors.From(transfer) is { } error)
                    {
                        _hasFailed = true;
                        output.WriteError(error);
                    }
                }

                return transfer.State == EGoatTransferState.Completed;
            case RoomWarning warning:
                output.WriteWarning(Remedy.InPowerShell(warning.Text));
                return false;
            default:
                return false;
        }
    }

    private async Task<FileAnswer> AskAsync(FileOffer offer, CancellationToken cancellationToken)
    {
        var question = new Question(offer);
        try
        {
            await _incoming.Writer.WriteAsync(question, cancellationToken).ConfigureAwait(false);
            return await question.Answer.Task.WaitAsync(AnswerTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return FileAnswer.Reject($"The receiver was asked and has not answered within {AnswerTimeout.TotalSeconds:0} s.");
        }
    }

    private sealed record Question(FileOffer Offer)
    {
        public TaskCompletionSource<FileAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
