using System.Diagnostics.CodeAnalysis;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// One attempt to send files to one peer over a channel of their own (docs/protocol.md §4): the offer, the answer, the files one
/// after another, and how each of them ended.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The peer may end the transfer after its end too, and a source without links and timers holds nothing.")]
internal sealed class FileSender
{
    /// <summary>Files that may be on their way without a confirmation.</summary>
    private const int MaxUnconfirmed = 4096;

    /// <summary>The shortest limit on the silence of a receiver that has not answered the offer: people may be asked.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(10);

    /// <summary>How long the reason of a channel that was closed early may take, and how long the outcomes before a reason may: they come over another channel.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromSeconds(1);

    private readonly Peer _peer;
    private readonly SourceReader _source;
    private readonly OutgoingTransfer _transfer;
    private readonly RateLimit _rate;
    private readonly TimeSpan? _limit;
    private readonly RoomContext _room;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>The files of this attempt, as indices of the source; an index of the attempt is a place in this list.</summary>
    private readonly IReadOnlyList<int> _files;
    private readonly string?[] _hashes;
    private readonly SendProgress _progress;
    private AcceptMessage? _answer;
    private TransferChannel? _channel;
    private TransferException? _ended;
    private volatile bool _isDone;

    /// <summary>The peer has given it up: what it has said of single files before is still on its way.</summary>
    private volatile bool _isGivenUp;

    /// <summary>The channel was closed without a reason.</summary>
    private volatile bool _isClosedEarly;

    /// <param name="id">The id of the attempt.</param>
    /// <param name="peer">The receiver.</param>
    /// <param name="source">What is sent.</param>
    /// <param name="files">Which of its files, as indices.</param>
    /// <param name="transfer">The transfer that it is part of.</param>
    /// <param name="rate">Shared with other receivers.</param>
    /// <param name="limit">The longest silence of the receiver; null for none in particular.</param>
    /// <param name="room">The room.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public FileSender(string id, Peer peer, SourceReader source, IReadOnlyList<int> files, OutgoingTransfer transfer, RateLimit rate, TimeSpan? limit, RoomContext room, CancellationToken cancellationToken)
    {
        Id = id;
        (_peer, _source, _files, _transfer, _rate, _limit, _room, _cancellationToken) = (peer, source, files, transfer, rate, limit, room, cancellationToken);
        _hashes = new string?[files.Count];
        _progress = new SendProgress([.. files.Select(f => source.Files[f].Length)]);
    }

    public string Id { get; }

    public Peer Peer => _peer;

    /// <summary>It ended because the connection did: what the receiver has verified by then it keeps.</summary>
    public bool IsConnectionLost { get; private set; }

    /// <summary>Why it ended before its end; null when it did not.</summary>
    public TransferException? Failure { get; private set; }

    /// <summary>The files that have no outcome and that the receiver may still want, as places in the list.</summary>
    public IReadOnlyList<int> Rest => [.. Enumerable.Range(0, _files.Count).Where(i => _progress.GetOutcome(i) is null && !_progress.IsDeclined(i))];

    /// <summary>The peer has taken the offer, or part of it.</summary>
    public void HandleAccept(AcceptMessage accept)
    {
        Interlocked.CompareExchange(ref _answer, accept, null);
        _channel?.NoteChange();
    }

    /// <summary>The peer does not want the offer.</summary>
    public void HandleReject(string reason) => HandleEnd(reason, EGoatTransferState.Rejected);

    /// <summary>The peer gives it up.</summary>
    public void HandleCancel(string reason)
    {
        _isGivenUp = _answer is not null;
        HandleEnd(reason, EGoatTransferState.Failed);
    }

    /// <summary>This side gives it up.</summary>
    public void Cancel()
    {
        TransferException reason = Cancelled();
        _peer.Send(new CancelMessage(Id, reason.Message));
        HandleEnd(reason.Message, reason.State);
    }

    /// <summary>Nobody waits any longer for the receiver, whose connection was lost, to come back.</summary>
    public void GiveUp() => Failure = Cancelled();

    /// <summary>Runs the attempt to its end; <c>EndAsync</c> follows.</summary>
    public async Task RunAsync()
    {
        Task reading = Task.CompletedTask;
        using CancellationTokenRegistration registration = _cancellationToken.Register(_stop.Cancel);
        try
        {
            _channel = new TransferChannel(_peer.OpenChannel($"file:{Id}"), _peer, "The receiver", _limit, _transfer.Pause, _room, _stop);
            _channel.OtherIsAlive = _transfer.NoteLife;
            reading = ReadAsync(_channel);
            await SendAllAsync(_channel).ConfigureAwait(false);
            _isDone = true;
            _channel.Close();
            await reading.ConfigureAwait(false);
        }
        catch (TransferException e)
        {
            Failure = e;
        }
        catch (OperationCanceledException)
        {
            Failure = _ended ?? _channel?.Silence ?? Cancelled();
        }
        catch (RtcException e)
        {
            // Why the receiver has closed the channel the reader learns, if there is a reason.
            await reading.ConfigureAwait(false);
            Failure = _ended ?? new TransferException($"The connection to the receiver was lost. {e.Message}");
            IsConnectionLost = _ended is null;
        }

        if (_isGivenUp)
        {
            await Task.WhenAny(reading, Task.Delay(ReasonTimeout, _room.Time, CancellationToken.None)).ConfigureAwait(false);
        }

        End();
    }

    /// <summary>Reports the outcome of files, as places in the list.</summary>
    public async Task EndAsync(IEnumerable<int> files)
    {
        foreach (int file in files)
        {
            await EndAsync(file).ConfigureAwait(false);
        }
    }

    private static TransferException Cancelled() => new("It was cancelled.", EGoatTransferState.Cancelled);

    private void HandleEnd(string reason, EGoatTransferState state)
    {
        _ended ??= new TransferException(reason, state);
        _stop.Cancel();
    }

    private void End()
    {
        _isDone = true;
        if (Failure is not null)
        {
            // First the reason, then the end of the channel.
            if (_ended is null)
            {
                _peer.Send(new CancelMessage(Id, Failure.Message));
            }

            _channel?.Close();
        }

        _channel?.Dispose();
        IsConnectionLost |= _isClosedEarly && Failure == _ended;
    }

    private ValueTask EndAsync(int file) => (_progress.GetOutcome(file), Failure) switch
    {
        ({ State: EGoatTransferState.Completed }, _) => _transfer.EndAsync(_files[file], EGoatTransferState.Completed, null, _hashes[file]),
        ({ } outcome, _) => _transfer.LeaveOutAsync(_files[file], outcome),
        _ when _progress.IsDeclined(file) => _transfer.EndAsync(_files[file], EGoatTransferState.Rejected, "The receiver did not want this file."),
        (_, { } failure) => _transfer.EndAsync(_files[file], failure.State, failure.Message),
        _ => _transfer.EndAsync(_files[file], EGoatTransferState.Failed, null),
    };

    private async Task SendAllAsync(TransferChannel channel)
    {
        // From the beginning: of a stream those who answer later get what the others get.
        using var content = new ContentSender(channel, _source, _files, _progress, _transfer, _rate, _room.Background);
        await channel.AskForLimitAsync().ConfigureAwait(false);
        await OfferAsync(channel).ConfigureAwait(false);
        await channel.WaitAsync(() => Volatile.Read(ref _answer) is not null, static _ => "The receiver did not answer the offer.", AnswerTimeout).ConfigureAwait(false);
        List<int> accepted = [.. (_answer!.Files ?? Enumerable.Range(0, _files.Count)).Where(i => i < _files.Count).Distinct().Order()];
        _progress.Accept(accepted);
        if (_answer.Have)
        {
            await channel.WaitAsync(() => _progress.Present.IsComplete, static _ => "The receiver did not say in time what it holds.").ConfigureAwait(false);
        }

        foreach (int file in accepted)
        {
            await channel.WaitAsync(() => _progress.Unconfirmed < MaxUnconfirmed, static limit => $"The receiver has confirmed no file for {limit.TotalSeconds:0} seconds.").ConfigureAwait(false);
            await SendAsync(channel, content, file).ConfigureAwait(false);
        }

        await channel.WaitAsync(() => _progress.IsSettled, static _ => "The receiver did not confirm the files in time.").ConfigureAwait(false);
    }

    private async Task OfferAsync(TransferChannel channel)
    {
        SourceFile[] files = [.. _files.Select(f => _source.Files[f])];
        long total = files.Any(f => f.Length < 0) ? -1 : files.Sum(f => f.Length);
        _peer.Send(new TransferMessage(Id, files.Length, total, files[0].Name));
        var entries = files.Select((f, i) => new ManifestEntry(i, f.Name, f.Length, f.ModifiedAt, f.Mode, f.IsFolder, f.Source)).ToList();
        foreach (byte[] page in Manifest.WritePages(entries))
        {
            await channel.SendAsync(page).ConfigureAwait(false);
        }
    }

    // A file that cannot be read is told, and the next one follows.
    private async Task SendAsync(TransferChannel channel, ContentSender content, int file)
    {
        string reason = "It is not wanted any more.";
        try
        {
            _hashes[file] = await content.SendAsync(file).ConfigureAwait(false);
            if (_hashes[file] is not null)
            {
                return;
            }
        }
        catch (LeftOutException e)
        {
            if (!_peer.HasFeature(ControlMessage.OutcomesFeature))
            {
                throw new TransferException(e.Message);
            }

            reason = e.Message;
        }

        await channel.SendAsync(FileFrame.CreateSkip(file, reason)).ConfigureAwait(false);
        if (_progress.Skip(file, reason))
        {
            await EndAsync(file).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(TransferChannel channel)
    {
        try
        {
            while (await channel.ReceiveAnyTimeAsync().ConfigureAwait(false) is { } message)
            {
                using (message)
                {
                    if (message.IsText || !HandleFrame(channel, message.Data.Span, out int settled))
                    {
                        HandleEnd("The receiver broke the transfer protocol.", EGoatTransferState.Failed);
                        _peer.Send(new CancelMessage(Id, "The receiver broke the transfer protocol."));
                        break;
                    }

                    if (settled >= 0)
                    {
                        await EndAsync(settled).ConfigureAwait(false);
                    }
                }
            }

            await channel.DiscardAsync().ConfigureAwait(false);
        }
        catch (RtcException)
        {
            // The connection is gone; sending notices too.
        }

        if (!_isDone && _ended is null)
        {
            // Why the channel was closed may still be on its way over the control channel.
            await Task.Delay(ReasonTimeout, _room.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _isClosedEarly = _ended is null;
            HandleEnd(_peer.HasLiveConnection ? "The receiver closed the transfer before its end." : "The connection to the receiver was lost.", EGoatTransferState.Failed);
        }
    }

    // False when the frame is out of place.
    private bool HandleFrame(TransferChannel channel, ReadOnlySpan<byte> bytes, out int settled)
    {
        settled = -1;
        if (channel.TryHandleAlive(bytes))
        {
            return true;
        }

        bool isInPlace = FileFrame.TryParse(bytes, out FileFrame frame) && _progress.TryHandle(frame, out settled);
        channel.NoteChange();
        return isInPlace;
    }
}
