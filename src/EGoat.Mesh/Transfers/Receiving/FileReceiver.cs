using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Receives the files of one transfer (docs/protocol.md §4): reads the whole manifest, decides, receives what was accepted, and says how
/// it ended.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The peer may end the transfer after its end too, and a source without links and timers holds nothing.")]
internal sealed class FileReceiver : ITransfer
{
    /// <summary>How long the reason of a channel that was closed early may take: it comes over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly EGoatPeer _sender;
    private readonly TransferList _list;
    private readonly ReceivePolicy? _policy;
    private readonly Func<FileReceiver, Task> _supersede;
    private readonly RoomContext _room;
    private readonly TaskCompletionSource _endedSource = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly TransferChannel _channel;
    private readonly ManifestReader _manifest;
    private List<ManifestEntry> _entries = [];
    private TransferFiles? _transfers;
    private FileReception? _reception;
    private TransferException? _ended;

    /// <summary>The offer was taken, or part of it.</summary>
    private bool _hasBegun;

    /// <param name="id">The transfer's id.</param>
    /// <param name="peer">The other side.</param>
    /// <param name="sender">Who that is.</param>
    /// <param name="channel">Where the files come from.</param>
    /// <param name="transfers">The room's transfers.</param>
    /// <param name="policy">What is received, and where it goes; null rejects everything.</param>
    /// <param name="supersede">Ends older transfers of the same files.</param>
    /// <param name="otherManifests">The bytes of the manifests of the peer's other transfers.</param>
    /// <param name="room">The room.</param>
    public FileReceiver(
        string id, Peer peer, EGoatPeer sender, RtcDataChannel channel, TransferList transfers, ReceivePolicy? policy,
        Func<FileReceiver, Task> supersede, Func<FileReceiver, long> otherManifests, RoomContext room)
    {
        (Id, Peer, _sender, _list, _policy, _supersede, _room) = (id, peer, sender, transfers, policy, supersede, room);
        _channel = new TransferChannel(channel, peer, "The sender", policy?.Options.Timeout, Pause, room, _stop) { OtherIsAlive = () => _transfers?.NoteLife() };
        _manifest = new ManifestReader(_channel, () => otherManifests(this));
    }

    public string Id { get; }

    string? ITransfer.WireId => Id;

    public Peer Peer { get; }

    public string SenderIdentity => _sender.Identity;

    /// <summary>Whether it is paused.</summary>
    public PauseGate Pause { get; } = new();

    /// <summary>What it receives, as keys of sources; empty until it has begun.</summary>
    public IReadOnlySet<string> Sources { get; private set; } = new HashSet<string>();

    /// <summary>The bytes of its manifest so far.</summary>
    public long ManifestBytes => _manifest.Bytes;

    /// <summary>Completes when its files are closed.</summary>
    public Task Ended => _endedSource.Task;

    /// <summary>Completes when the other side has closed the channel too, once this side has.</summary>
    public Task Closed { get; private set; } = Task.CompletedTask;

    /// <summary>The files that are on their way.</summary>
    public IReadOnlyList<TransferProgress> Running => _transfers?.Running ?? [];

    /// <summary>The sender gives it up.</summary>
    public void HandleCancel(string reason) => End(new TransferException($"The sender cancelled it: {reason}", EGoatTransferState.Cancelled));

    /// <summary>This side gives it up.</summary>
    public void Cancel()
    {
        const string reason = "It was cancelled.";
        Peer.Send(new CancelMessage(Id, reason));
        End(new TransferException(reason, EGoatTransferState.Cancelled));
    }

    /// <inheritdoc/>
    public void Handle(ControlMessage message)
    {
        if (message is CancelMessage cancel)
        {
            HandleCancel(VisibleText.Line(cancel.Reason));
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

    /// <summary>Runs the transfer to its end.</summary>
    public async Task RunAsync()
    {
        TransferException? failure = null;
        using CancellationTokenRegistration registration = _room.Left.Token.Register(_stop.Cancel);
        using (_channel)
        {
            using (_channel.Work())
            {
                failure = await TryReceiveAsync().ConfigureAwait(false);
                await (_reception?.CompleteAsync() ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (failure is not null && _ended is null)
            {
                // First the reason, then the end of the channel.
                Peer.Send(failure.State == EGoatTransferState.Rejected ? new RejectMessage(Id, failure.Message) : new CancelMessage(Id, failure.Message));
            }

            Closed = _channel.CloseAndDiscardAsync();
        }

        _endedSource.TrySetResult();
        if (failure is not null)
        {
            await FailAsync(failure).ConfigureAwait(false);
        }
    }

    private void End(TransferException ended)
    {
        _ended ??= ended;
        _cancelled.TrySetResult();
        _stop.Cancel();
    }

    // Why it did not end well; null when it did.
    private async Task<TransferException?> TryReceiveAsync()
    {
        try
        {
            await ReceiveAsync().ConfigureAwait(false);
            return null;
        }
        catch (TransferException e)
        {
            return e;
        }
        catch (OperationCanceledException)
        {
            return _ended ?? _channel.Silence ?? new TransferException("The receiver left.", EGoatTransferState.Cancelled);
        }
        catch (RtcException e)
        {
            return await GetReasonAsync($"The connection to the sender was lost. {e.Message}").ConfigureAwait(false);
        }
        catch (Exception e) when (e is LeftOutException or IOException or UnauthorizedAccessException)
        {
            return _ended ?? TransferException.From(e);
        }
    }

    private async Task ReceiveAsync()
    {
        _entries = await _manifest.ReadAsync().ConfigureAwait(false) ?? throw await GetReasonAsync("The sender closed the transfer before its end.").ConfigureAwait(false);
        _transfers = new TransferFiles(_list, _entries.Count, i => _entries[i].IsFolder ? null : Describe(_entries[i]));
        if (_policy is null)
        {
            throw new TransferException("This side does not accept files.", EGoatTransferState.Rejected);
        }

        // Neither people nor other transfers are hurried.
        await _channel.AskForLimitAsync().ConfigureAwait(false);
        using IDisposable turn = await _policy.WaitForTurnAsync(_stop.Token).ConfigureAwait(false);
        (IReadOnlyList<int> accepted, IReadOnlyDictionary<int, FileOutcome> declined) = await _policy.DecideAsync(Id, _sender, _entries, _stop.Token).ConfigureAwait(false);
        if (declined.Count > 0 && AcceptMessage.CountItems(accepted) > (Peer.HasFeature(ControlMessage.RangesFeature) ? AcceptMessage.MaxItems : AcceptMessage.MaxPlainIndices))
        {
            throw new TransferException("Too many single files of it are wanted; send fewer at once.", EGoatTransferState.Rejected);
        }

        _reception = new FileReception(_channel, _entries, _transfers, _policy, _sender.Identity, Peer.HasFeature(ControlMessage.OutcomesFeature));
        await BeginAsync(accepted, declined).ConfigureAwait(false);
        using PresentFiles present = _reception.FindPresent(accepted);
        Peer.Send(new AcceptMessage(Id, declined.Count == 0 ? null : accepted, Have: present.Count > 0));
        await _reception.SendDeclinedAsync(declined).ConfigureAwait(false);
        if (present.Count > 0)
        {
            await present.SendAsync(_channel).ConfigureAwait(false);
        }

        await _reception.RunAsync(accepted, present).ConfigureAwait(false);
        Peer.Send(new DoneMessage(Id, _reception.Stored, _reception.Verified));
        await WaitForEndAsync().ConfigureAwait(false);
    }

    private EGoatTransfer Describe(ManifestEntry entry) => new()
    {
        Id = Id,
        Room = _sender.Room,
        Name = entry.Path,
        Path = "",
        Peer = _sender.Name,
        PeerIdentity = _sender.Identity,
        Direction = EGoatDirection.Received,
        Length = entry.Length,
        State = EGoatTransferState.Active,
        Started = _room.Time.GetUtcNow(),
    };

    private async Task BeginAsync(IReadOnlyList<int> accepted, IReadOnlyDictionary<int, FileOutcome> declined)
    {
        _hasBegun = true;
        foreach ((int i, FileOutcome outcome) in declined)
        {
            await _transfers!.EndAsync(i, new TransferEnd(outcome.State, outcome.Reason) { IsLeftOut = outcome.State == EGoatTransferState.Failed }).ConfigureAwait(false);
        }

        _transfers!.Show(accepted);
        foreach (TransferProgress progress in Pause.IsPaused ? _transfers.Running : [])
        {
            progress.SetPaused(true); // while somebody was asked
        }

        Sources = accepted.Where(i => !_entries[i].IsFolder).Select(i => _entries[i].SourceKey).ToHashSet(StringComparer.Ordinal);
        await _supersede(this).ConfigureAwait(false);
    }

    private async Task FailAsync(TransferException failure)
    {
        // Of an offer that was refused as a whole the first file says why.
        int first = _hasBegun ? 0 : _entries.TakeWhile(e => e.IsFolder).Count();
        for (int i = first; i < Math.Min(_entries.Count, _hasBegun ? _entries.Count : first + 1); i++)
        {
            await _transfers!.EndAsync(i, new TransferEnd(failure.State, failure.Message)).ConfigureAwait(false);
        }
    }

    // The sender closes the channel when it has seen the last confirmation: closing first could overtake it.
    private async Task WaitForEndAsync()
    {
        try
        {
            while (await _channel.ReceiveAsync().ConfigureAwait(false) is { } message)
            {
                message.Dispose();
            }
        }
        catch (Exception e) when (e is RtcException or TransferException or OperationCanceledException)
        {
            // Everything has its outcome all the same.
        }
    }

    // Why the channel was closed may still be on its way over the control channel.
    private async Task<TransferException> GetReasonAsync(string otherwise)
    {
        await Task.WhenAny(_cancelled.Task, Task.Delay(ReasonTimeout, _room.Time, CancellationToken.None)).ConfigureAwait(false);
        return _ended ?? new TransferException(otherwise);
    }
}
