using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Files on their way to one receiver, over as many connections as it takes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Users may cancel the transfer after its end too, and what its source is linked to ends with it.")]
internal sealed class OutgoingTransfer : ITransfer
{
    private readonly IReadOnlyList<SourceFile> _files;
    private readonly TransferFiles _transfers;
    private readonly TimeSpan? _limit;
    private readonly RoomContext _room;
    private readonly CancellationTokenSource _cancelled;

    /// <summary>The files that are still to be sent, as indices of the source.</summary>
    private int[] _rest;

    /// <param name="id">The id that users know.</param>
    /// <param name="receiver">Whom it is for.</param>
    /// <param name="files">What is sent.</param>
    /// <param name="transfers">The room's transfers.</param>
    /// <param name="limit">The longest silence of the receiver; null for none in particular.</param>
    /// <param name="room">The room.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public OutgoingTransfer(
        string id, EGoatPeer receiver, IReadOnlyList<SourceFile> files, TransferList transfers, TimeSpan? limit, RoomContext room, CancellationToken cancellationToken)
    {
        _cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Id = id;
        _files = files;
        _limit = limit;
        _room = room;
        _rest = [.. Enumerable.Range(0, files.Count)];
        DateTimeOffset now = room.Time.GetUtcNow();
        _transfers = new TransferFiles(transfers, files.Count, i => files[i].IsFolder ? null : new EGoatTransfer
        {
            Id = id,
            Room = receiver.Room,
            Name = files[i].Name,
            Path = files[i].Path,
            Peer = receiver.Name,
            PeerIdentity = receiver.Identity,
            Direction = EGoatDirection.Sent,
            Length = files[i].Length,
            State = EGoatTransferState.Offered,
            Started = now,
        });
        _transfers.Show(_rest);
    }

    /// <summary>The id that users know; on the wire it is that of the first connection.</summary>
    public string Id { get; }

    /// <summary>The attempt of the moment, or the last.</summary>
    public FileSender? Sender { get; private set; }

    /// <inheritdoc/>
    public string? WireId => Sender?.Id;

    /// <inheritdoc/>
    public Peer? Peer => Sender?.Peer;

    /// <summary>Whether it is paused. A pause of this side outlasts the connection of the moment.</summary>
    public PauseGate Pause { get; } = new();

    /// <summary>Cancelled when this side gives it up.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    /// <summary>Whether everything can be read again from its beginning.</summary>
    public bool CanRepeat => _rest.All(f => _files[f].Length >= 0);

    /// <summary>The files that are on their way.</summary>
    public IReadOnlyList<TransferProgress> Running => _transfers.Running;

    /// <summary>What has ended.</summary>
    public List<EGoatTransfer> Results { get; } = [];

    /// <summary>Begins to send the rest over a peer's connection of the moment; null when there is nothing that its program reads.</summary>
    public FileSender? Begin(string wireId, Peer peer, SourceReader reader, RateLimit rate)
    {
        Pause.SetThere(false);
        if (!peer.HasFeature(ControlMessage.FoldersFeature))
        {
            // Its program would make empty files of them; folders with files in them it makes all the same.
            _rest = [.. _rest.Where(f => !_files[f].IsFolder)];
        }

        return Sender = _rest.Length == 0 ? null : new FileSender(wireId, peer, reader, _rest, this, rate, _limit, _room, Cancelled);
    }

    /// <inheritdoc/>
    public void Cancel()
    {
        Sender?.Cancel();
        _cancelled.Cancel();
    }

    /// <inheritdoc/>
    public void Handle(ControlMessage message)
    {
        switch (message)
        {
            case AcceptMessage accept:
                Sender?.HandleAccept(accept);
                TellPause();
                break;
            case RejectMessage reject:
                Sender?.HandleReject($"The receiver rejected it: {VisibleText.Line(reject.Reason)}");
                break;
            case CancelMessage cancel:
                Sender?.HandleCancel($"The receiver gave it up: {VisibleText.Line(cancel.Reason)}");
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void HandlePause()
    {
        foreach (TransferProgress progress in Running)
        {
            progress.SetPaused(Pause.IsPaused);
        }
    }

    // To a receiver that has not heard of it: it was paused before this connection.
    private void TellPause()
    {
        if (Pause.IsPausedHere && Sender is { } sender)
        {
            sender.Peer.Send(new PauseMessage(sender.Id));
            HandlePause();
        }
    }

    /// <summary>Counts content of a file, an index of the source: so many bytes travelled, so many did not have to.</summary>
    public void Count(int file, long bytes, long resumed)
    {
        if (_transfers.Get(file) is { } progress)
        {
            progress.Add(bytes, resumed);
        }
    }

    /// <summary>Reports the outcome of a file.</summary>
    public ValueTask EndAsync(int file, EGoatTransferState state, string? error, string? treeHash = null) => EndAsync(file, new TransferEnd(state, error) { TreeHash = treeHash });

    /// <summary>Reports that a file did not arrive while the others go on.</summary>
    public ValueTask LeaveOutAsync(int file, FileOutcome outcome) =>
        EndAsync(file, new TransferEnd(outcome.State, outcome.Reason) { IsLeftOut = outcome.State == EGoatTransferState.Failed });

    /// <summary>The receiver is at work.</summary>
    public void NoteLife() => _transfers.NoteLife();

    private async ValueTask EndAsync(int file, TransferEnd end)
    {
        if (await _transfers.EndAsync(file, end).ConfigureAwait(false) is { } ended)
        {
            lock (Results)
            {
                Results.Add(ended);
            }
        }
    }

    /// <summary>Reports what has ended with the last connection, and keeps the rest for the next.</summary>
    public async Task KeepRestAsync()
    {
        IReadOnlyList<int> rest = Sender!.Rest;
        await Sender.EndAsync(Enumerable.Range(0, _rest.Length).Except(rest)).ConfigureAwait(false);
        _rest = [.. rest.Select(i => _rest[i])];
        foreach (TransferProgress restarted in _transfers.Running)
        {
            restarted.Restart();
        }
    }

    /// <summary>Reports the outcome of everything.</summary>
    public async Task<IReadOnlyList<EGoatTransfer>> EndAsync()
    {
        if (Sender is not null)
        {
            await Sender.EndAsync(Enumerable.Range(0, _rest.Length)).ConfigureAwait(false);
        }

        return Results;
    }
}
