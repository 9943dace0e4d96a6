using System.Collections.Concurrent;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh;

/// <summary>Transfers to and from members: which are under way, and which message is for which.</summary>
public sealed partial class Room
{
    private const string FileLabel = "file:";

    /// <summary>Transfers that one peer may have under way to this side; the next is refused.</summary>
    private const int MaxIncomingPerPeer = 16;

    /// <summary>How often a transfer begins anew after its connection was lost.</summary>
    private const int MaxAttempts = 20;

    /// <summary>How long a transfer waits for its receiver to come back.</summary>
    private static readonly TimeSpan ReturnTimeout = TimeSpan.FromMinutes(2);

    /// <summary>How long a transfer waits for an older one of the same files to end.</summary>
    private static readonly TimeSpan SupersedeTimeout = TimeSpan.FromSeconds(2);

    private readonly List<OutgoingTransfer> _outgoing = [];
    private readonly List<FileReceiver> _receivers = [];

    /// <summary>Offers files to all connected members that accept files.</summary>
    /// <param name="paths">Existing files; taken literally.</param>
    /// <param name="cancellationToken">Cancels the transfers.</param>
    /// <exception cref="RoomException">A file cannot be read.</exception>
    public FileSend SendFiles(IReadOnlyList<string> paths, CancellationToken cancellationToken = default) => SendFiles(new SendFileOptions { Paths = paths }, cancellationToken);

    /// <summary>Offers files to connected members that accept files.</summary>
    /// <param name="options">What to send, and to whom.</param>
    /// <param name="cancellationToken">Cancels the transfers.</param>
    /// <exception cref="RoomException">A file cannot be read, or nobody matches <see cref="SendFileOptions.To"/>.</exception>
    public FileSend SendFiles(SendFileOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Content is not null && options.JoinWindow > TimeSpan.Zero)
        {
            throw new RoomException("A stream is read once: it can be sent to those who are there, not to those who come later.");
        }

        SourceTree tree = SourceTree.Collect(options);
        var rate = new RateLimit(options.MaxRate, TimeProvider.System);

        // Whoever comes is found by the events, and nobody can come between the two lines.
        RoomSubscription? joining = options.JoinWindow > TimeSpan.Zero ? Subscribe() : null;
        Peer[] recipients = [.. FindPeers(options.To, mayBeAbsent: joining is not null).Where(p => p.AcceptsFiles)];
        var reader = new SourceReader(tree.Files, options.Content);
        var ids = new ConcurrentDictionary<string, bool>();
        List<Task<IReadOnlyList<EGoatTransfer>>> sending = [.. recipients.Select(p => SendToAsync(p, reader, rate, ids, cancellationToken))];
        return new FileSend([.. recipients.Select(p => p.Snapshot(Name))], tree.Skipped, CompleteAsync())
        {
            FileCount = tree.Files.Count(f => !f.IsFolder),
            Length = tree.Files.Any(f => f.Length < 0) ? -1 : tree.Files.Sum(f => f.Length),
            TransferIds = ids,
        };

        async Task<IReadOnlyList<EGoatTransfer>> CompleteAsync()
        {
            using (reader)
            {
                if (joining is not null)
                {
                    await foreach (Peer peer in FindJoiningAsync(joining, options, recipients, cancellationToken).ConfigureAwait(false))
                    {
                        sending.Add(SendToAsync(peer, reader, rate, ids, cancellationToken));
                    }
                }

                IReadOnlyList<EGoatTransfer>[] results = await Task.WhenAll(sending).ConfigureAwait(false);
                await _transfers.CompleteAsync().ConfigureAwait(false);
                return [.. results.SelectMany(r => r)];
            }
        }
    }

    /// <summary>Lets a transfer rest until <see cref="ResumeTransfer"/>, in either direction.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running, or the other side's program cannot pause.</exception>
    public void PauseTransfer(string id) => SetPaused(id, true);

    /// <summary>Ends a pause of this side.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running.</exception>
    public void ResumeTransfer(string id) => SetPaused(id, false);

    /// <summary>Gives a transfer up, in either direction. What the receiver has verified it keeps.</summary>
    /// <param name="id">The <see cref="EGoatTransfer.Id"/> of a running transfer.</param>
    /// <exception cref="RoomException">No such transfer is running.</exception>
    public void CancelTransfer(string id)
    {
        (OutgoingTransfer? outgoing, FileReceiver? receiver) = FindTransfer(id);
        outgoing?.Cancel();
        receiver?.Cancel();
    }

    private void SetPaused(string id, bool isPaused)
    {
        (OutgoingTransfer? outgoing, FileReceiver? receiver) = FindTransfer(id);
        Peer peer = outgoing?.Sender?.Peer ?? receiver?.Peer ?? throw NoTransfer(id);
        string wireId = outgoing?.Sender?.Id ?? receiver!.Id;
        if (!peer.HasFeature(ControlMessage.PauseFeature))
        {
            throw new RoomException("The program of the other side cannot pause transfers; cancel it, and send it again later: what is there does not travel again.");
        }

        if ((outgoing?.Sender?.Pause ?? receiver!.Pause).SetHere(isPaused))
        {
            peer.Send(isPaused ? new PauseMessage(wireId) : new ResumeMessage(wireId));
            ShowPause(outgoing, receiver);
        }
    }

    private static void ShowPause(OutgoingTransfer? outgoing, FileReceiver? receiver)
    {
        receiver?.HandlePause();
        foreach (TransferProgress progress in outgoing?.Running ?? receiver?.Running ?? [])
        {
            progress.SetPaused((outgoing?.Sender?.Pause ?? receiver?.Pause)?.IsPaused == true);
        }
    }

    private (OutgoingTransfer? Outgoing, FileReceiver? Receiver) FindTransfer(string id)
    {
        lock (_gate)
        {
            OutgoingTransfer? outgoing = _outgoing.Find(o => o.Id == id);
            FileReceiver? receiver = _receivers.Find(r => r.Id == id);
            return outgoing is null && receiver is null ? throw NoTransfer(id) : (outgoing, receiver);
        }
    }

    private static RoomException NoTransfer(string id) => new($"No transfer {WirePath.Escape(id)} is running. Get-EGoatTransfer lists those that are.");

    // Members that connect within the window, each once.
    private async IAsyncEnumerable<Peer> FindJoiningAsync(RoomSubscription events, SendFileOptions options, Peer[] served, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HashSet<string> identities = [.. served.Select(p => p.Identity + p.Instance)];
        using (events)
        {
            using var window = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _left.Token);
            window.CancelAfter(options.JoinWindow);
            while (await ReadPeerChangeAsync(events, window.Token).ConfigureAwait(false))
            {
                foreach (Peer peer in FindPeers(options.To, mayBeAbsent: true).Where(p => p.AcceptsFiles && identities.Add(p.Identity + p.Instance)))
                {
                    yield return peer;
                }
            }
        }
    }

    private async Task<IReadOnlyList<EGoatTransfer>> SendToAsync(Peer peer, SourceReader reader, RateLimit rate, ConcurrentDictionary<string, bool> ids, CancellationToken cancellationToken)
    {
        EGoatPeer receiver = peer.Snapshot(Name);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _left.Token);

        // First the id: the transfer is told of from its beginning.
        string id = Guid.CreateVersion7().ToString();
        ids[id] = true;
        var outgoing = new OutgoingTransfer(id, receiver, reader.Files, _transfers, _options.Time);
        lock (_gate)
        {
            _outgoing.Add(outgoing);
        }

        try
        {
            for (int attempt = 1; ; attempt++)
            {
                if (outgoing.Begin(attempt == 1 ? outgoing.Id : Guid.CreateVersion7().ToString(), peer, reader, rate, stop.Token) is not { } sender)
                {
                    return await outgoing.EndAsync().ConfigureAwait(false);
                }

                await sender.RunAsync().ConfigureAwait(false);
                bool isLost = sender.IsConnectionLost && attempt < MaxAttempts && sender.Rest.Count > 0 && outgoing.CanRepeat;
                if (!isLost || await WaitForReturnAsync(receiver, stop.Token).ConfigureAwait(false) is not { } returned)
                {
                    return await outgoing.EndAsync().ConfigureAwait(false);
                }

                // Another connection, perhaps another process of the same identity: it holds what it has verified.
                await outgoing.KeepRestAsync().ConfigureAwait(false);
                peer = returned;
            }
        }
        finally
        {
            lock (_gate)
            {
                _outgoing.Remove(outgoing);
            }
        }
    }

    // Null: the receiver has not come back in time, or the room is being left.
    private async Task<Peer?> WaitForReturnAsync(EGoatPeer receiver, CancellationToken cancellationToken)
    {
        using RoomSubscription events = Subscribe();
        Warn($"The connection to {WirePath.Escape(receiver.Name)} was lost; the transfer goes on when they are back.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReturnTimeout);
        while (true)
        {
            lock (_gate)
            {
                if (_peers.Values.FirstOrDefault(p => p.Identity == receiver.Identity && p.AcceptsFiles && p.HasLiveConnection) is { } peer)
                {
                    return peer;
                }
            }

            if (!await ReadPeerChangeAsync(events, limit.Token).ConfigureAwait(false))
            {
                return null;
            }
        }
    }

    // False: the time is over, or the room is being left.
    private static async Task<bool> ReadPeerChangeAsync(RoomSubscription events, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (e is RoomPeerChanged)
                {
                    return true;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The caller knows why.
        }

        return false;
    }

    private bool HandleFileChannel(Peer peer, RtcDataChannel channel)
    {
        if (!channel.Label.StartsWith(FileLabel, StringComparison.Ordinal) || !ControlCodec.IsUuid(channel.Label.AsSpan(FileLabel.Length)) || !peer.IsConnected)
        {
            return false;
        }

        string id = channel.Label[FileLabel.Length..];
        FileReceiver receiver;
        lock (_gate)
        {
            if (_left.IsCancellationRequested || _receivers.Exists(r => r.Peer == peer && r.Id == id))
            {
                return false;
            }

            if (_receivers.Count(r => r.Peer == peer) >= MaxIncomingPerPeer)
            {
                peer.Send(new RejectMessage(id, "Too many transfers at once."));
                return false;
            }

            receiver = new FileReceiver(id, peer, peer.Snapshot(Name), channel, _transfers, SupersedeAsync, _options.Time, _left.Token);
            _receivers.Add(receiver);
        }

        _ = ReceiveAsync(receiver);
        return true;
    }

    private async Task ReceiveAsync(FileReceiver receiver)
    {
        await receiver.RunAsync(_receive).ConfigureAwait(false);
        lock (_gate)
        {
            _receivers.Remove(receiver);
        }
    }

    // The sender was killed and sends again, before this side has noticed; or it has cancelled and sends again, and this side is
    // about to end: the older transfer holds the partial file.
    private async Task SupersedeAsync(FileReceiver newer)
    {
        FileReceiver[] older;
        lock (_gate)
        {
            older = [.. _receivers.Where(r => r != newer && r.SenderIdentity == newer.SenderIdentity && r.Paths.Overlaps(newer.Paths))];
        }

        foreach (FileReceiver receiver in older)
        {
            if (receiver.Peer != newer.Peer)
            {
                receiver.HandleCancel("the same file is sent again");
            }

            await Task.WhenAny(receiver.Ended, Task.Delay(SupersedeTimeout)).ConfigureAwait(false);
        }
    }

    private void HandleTransferMessage(Peer peer, ControlMessage message)
    {
        switch (message)
        {
            case AcceptMessage accept:
                FindOutgoing(peer, accept.Id)?.Sender!.HandleAccept(accept);
                break;
            case RejectMessage reject:
                FindOutgoing(peer, reject.Id)?.Sender!.HandleEnd($"The receiver rejected it: {WirePath.EscapeText(reject.Reason)}", EGoatTransferState.Rejected);
                break;
            case CancelMessage cancel:
                FindOutgoing(peer, cancel.Id)?.Sender!.HandleEnd($"The receiver gave it up: {WirePath.EscapeText(cancel.Reason)}", EGoatTransferState.Failed);
                FindReceiver(peer, cancel.Id)?.HandleCancel(WirePath.EscapeText(cancel.Reason));
                break;
            case PauseMessage pause:
                HandlePause(peer, pause.Id, true);
                break;
            case ResumeMessage resume:
                HandlePause(peer, resume.Id, false);
                break;
            default:
                break; // transfer and done say nothing that the file channel does not; typing is for the interactive view
        }
    }

    private void HandlePause(Peer peer, string id, bool isPaused)
    {
        OutgoingTransfer? outgoing = FindOutgoing(peer, id);
        FileReceiver? receiver = FindReceiver(peer, id);
        (outgoing?.Sender?.Pause ?? receiver?.Pause)?.SetThere(isPaused);
        ShowPause(outgoing, receiver);
    }

    private OutgoingTransfer? FindOutgoing(Peer peer, string wireId)
    {
        lock (_gate)
        {
            return _outgoing.Find(o => o.Sender is { } sender && sender.Peer == peer && sender.Id == wireId);
        }
    }

    private FileReceiver? FindReceiver(Peer peer, string id)
    {
        lock (_gate)
        {
            return _receivers.Find(r => r.Peer == peer && r.Id == id);
        }
    }
}
