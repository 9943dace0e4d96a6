using System.Collections.Concurrent;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh;

/// <summary>The transfers of a room that are under way, to and from members, and which message is for which.</summary>
/// <remarks>Its lock guards its list; nobody is called under it.</remarks>
internal sealed class RoomTransfers(RoomContext room, Membership members, SourceIds sources, Func<ReceivePolicy?> policy)
{
    private const string FileLabel = "file:";

    /// <summary>Transfers that one peer may have under way to this side; the next is refused.</summary>
    private const int MaxIncomingPerPeer = 16;

    /// <summary>How often a transfer begins anew after its connection was lost.</summary>
    private const int MaxAttempts = 20;

    /// <summary>How long a transfer waits for its receiver to come back unless told otherwise.</summary>
    private static readonly TimeSpan ReturnTimeout = TimeSpan.FromMinutes(2);

    /// <summary>How long a transfer waits for an older one of the same files to end.</summary>
    private static readonly TimeSpan SupersedeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long leaving waits for the other sides to learn how their files have ended.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly List<ITransfer> _running = [];

    /// <summary>Those that run, and those that have ended and that the other side has not closed yet.</summary>
    private readonly HashSet<TaskCompletionSource> _open = [];
    private readonly TransferList _list = new(room);

    /// <summary>The files since the room was joined, as users see them.</summary>
    public IReadOnlyList<EGoatTransfer> Snapshot() => _list.Snapshot();

    /// <summary>Completes when everything that has ended is stored and told.</summary>
    public Task CompleteAsync() => _list.CompleteAsync();

    /// <summary>Waits until the other sides know how the transfers have ended that leaving ends; the connections are closed next.</summary>
    public async Task LeaveAsync()
    {
        using var limit = new CancellationTokenSource(FarewellTimeout, room.Time);
        while (!limit.IsCancellationRequested)
        {
            Task[] ending;
            lock (_gate)
            {
                ending = [.. _open.Select(t => t.Task)];
            }

            if (ending.Length == 0)
            {
                return;
            }

            await Task.WhenAll(ending).WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Offers files to connected members that accept files.</summary>
    /// <exception cref="RoomException">A file cannot be read, or nobody matches <see cref="SendFileOptions.To"/>.</exception>
    public FileSend Send(SendFileOptions options, CancellationToken cancellationToken)
    {
        if (options.Content is not null && options.JoinWindow > TimeSpan.Zero)
        {
            throw new RoomException("A stream is read once: it can be sent to those who are there, not to those who come later.");
        }

        SourceTree tree = SourceTree.Collect(options, sources);
        var rate = new RateLimit(options.MaxRate, room.Time);

        // Whoever comes is found by the events, and nobody can come between the two lines.
        RoomSubscription? joining = options.JoinWindow > TimeSpan.Zero ? room.Events.Subscribe(RoomSubscription.DefaultCapacity) : null;
        Peer[] recipients = [.. members.Find(options.To, mayBeAbsent: joining is not null).Where(p => p.AcceptsFiles)];
        var reader = new SourceReader(tree.Files, options.Content);
        var ids = new ConcurrentDictionary<string, bool>();
        var served = new ServedReceivers(recipients);
        List<Task<IReadOnlyList<EGoatTransfer>>> sending = [.. recipients.Select(p => SendToAsync(p, options, reader, rate, ids, served, cancellationToken))];
        return new FileSend([.. recipients.Select(p => p.Snapshot(room.Name))], tree.Skipped, CompleteAsync())
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
                    await foreach (Peer peer in FindJoiningAsync(joining, options, served, cancellationToken).ConfigureAwait(false))
                    {
                        sending.Add(SendToAsync(peer, options, reader, rate, ids, served, cancellationToken));
                    }
                }

                IReadOnlyList<EGoatTransfer>[] results = await Task.WhenAll(sending).ConfigureAwait(false);
                await _list.CompleteAsync().ConfigureAwait(false);
                return [.. results.SelectMany(r => r)];
            }
        }
    }

    /// <summary>Pauses or resumes a transfer, in either direction.</summary>
    /// <exception cref="RoomException">No such transfer is running, or the other side's program cannot pause.</exception>
    public void SetPaused(string id, bool isPaused)
    {
        ITransfer transfer = Find(id);
        if (transfer is not { Peer: { } peer, WireId: { } wireId })
        {
            throw NoTransfer(id);
        }

        if (!peer.HasFeature(ControlMessage.PauseFeature))
        {
            throw new RoomException("The program of the other side cannot pause transfers; cancel it, and send it again later: what is there does not travel again.");
        }

        if (transfer.Pause.SetHere(isPaused))
        {
            peer.Send(isPaused ? new PauseMessage(wireId) : new ResumeMessage(wireId));
            transfer.HandlePause();
        }
    }

    /// <summary>Gives a transfer up, in either direction.</summary>
    /// <exception cref="RoomException">No such transfer is running.</exception>
    public void Cancel(string id) => Find(id).Cancel();

    /// <summary>A peer has opened a channel for a transfer. False refuses it.</summary>
    public bool HandleFileChannel(Peer peer, RtcDataChannel channel)
    {
        if (!channel.Label.StartsWith(FileLabel, StringComparison.Ordinal) || !ControlCodec.IsUuid(channel.Label.AsSpan(FileLabel.Length)) || !peer.HasLiveConnection)
        {
            return false;
        }

        string id = channel.Label[FileLabel.Length..];
        EGoatPeer sender = peer.Snapshot(room.Name);
        var receiver = new FileReceiver(id, peer, sender, channel, _list, policy(), SupersedeAsync, CountOtherManifests, room);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isOneTooMany;
        lock (_gate)
        {
            FileReceiver[] ofPeer = [.. _running.OfType<FileReceiver>().Where(r => r.Peer == peer)];
            if (room.IsLeft || ofPeer.Any(r => r.Id == id))
            {
                return false;
            }

            isOneTooMany = ofPeer.Length >= MaxIncomingPerPeer;
            if (!isOneTooMany)
            {
                _running.Add(receiver);
                _open.Add(open);
            }
        }

        if (isOneTooMany)
        {
            peer.Send(new RejectMessage(id, "Too many transfers at once."));
            return false;
        }

        room.Background.Run(() => ReceiveAsync(receiver, open));
        return true;
    }

    /// <summary>A peer says something about a transfer.</summary>
    public void Handle(Peer peer, ControlMessage message)
    {
        string? wireId = message switch
        {
            AcceptMessage accept => accept.Id,
            RejectMessage reject => reject.Id,
            CancelMessage cancel => cancel.Id,
            PauseMessage pause => pause.Id,
            ResumeMessage resume => resume.Id,
            _ => null, // transfer and done say nothing that the file channel does not; typing is for the interactive view
        };
        ITransfer? transfer;
        lock (_gate)
        {
            transfer = wireId is null ? null : _running.Find(t => t.Peer == peer && t.WireId == wireId);
        }

        if (transfer is null)
        {
            return;
        }

        if (message is PauseMessage or ResumeMessage)
        {
            transfer.Pause.SetThere(message is PauseMessage);
            transfer.HandlePause();
        }
        else
        {
            transfer.Handle(message);
        }
    }

    private ITransfer Find(string id)
    {
        lock (_gate)
        {
            return _running.Find(t => t.Id == id) ?? throw NoTransfer(id);
        }
    }

    private static RoomException NoTransfer(string id) => new($"No transfer {VisibleText.Quote(id)} is running. Get-EGoatTransfer lists those that are.");

    // Members that connect within the window, each once.
    private async IAsyncEnumerable<Peer> FindJoiningAsync(RoomSubscription events, SendFileOptions options, ServedReceivers served, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (events)
        {
            using var window = new CancellationTokenSource(options.JoinWindow, room.Time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, room.Left.Token, window.Token);
            while (await ReadPeerChangeAsync(events, stop.Token).ConfigureAwait(false))
            {
                foreach (Peer peer in members.Find(options.To, mayBeAbsent: true).Where(p => p.AcceptsFiles && served.TryAdd(p)))
                {
                    yield return peer;
                }
            }
        }
    }

    private async Task<IReadOnlyList<EGoatTransfer>> SendToAsync(Peer peer, SendFileOptions options, SourceReader reader, RateLimit rate, ConcurrentDictionary<string, bool> ids, ServedReceivers served, CancellationToken cancellationToken)
    {
        EGoatPeer receiver = peer.Snapshot(room.Name);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, room.Left.Token);

        // First the id: the transfer is told of from its beginning.
        string id = Guid.CreateVersion7().ToString();
        ids[id] = true;
        var outgoing = new OutgoingTransfer(id, receiver, reader.Files, _list, options.Timeout, room, stop.Token);
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _running.Add(outgoing);
            _open.Add(open);
        }

        try
        {
            for (int attempt = 1; ; attempt++)
            {
                if (outgoing.Begin(attempt == 1 ? outgoing.Id : Guid.CreateVersion7().ToString(), peer, reader, rate) is not { } sender)
                {
                    return await outgoing.EndAsync().ConfigureAwait(false);
                }

                await sender.RunAsync().ConfigureAwait(false);
                bool isLost = sender.IsConnectionLost && attempt < MaxAttempts && sender.Rest.Count > 0 && outgoing.CanRepeat;
                Peer? returned = isLost ? await WaitForReturnAsync(peer, served, options.Timeout ?? ReturnTimeout, outgoing.Cancelled).ConfigureAwait(false) : null;
                if (returned is null)
                {
                    if (isLost && outgoing.Cancelled.IsCancellationRequested)
                    {
                        sender.GiveUp();
                    }

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
                _running.Remove(outgoing);
            }

            End(open);
        }
    }

    // Null: the receiver has left on purpose or not come back in time, or the room is being left.
    private async Task<Peer?> WaitForReturnAsync(Peer receiver, ServedReceivers served, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using RoomSubscription events = room.Events.Subscribe(RoomSubscription.DefaultCapacity);
        if (receiver.HasLeft)
        {
            return null;
        }

        room.Warn($"The connection to {VisibleText.Quote(receiver.Name)} was lost; the transfer goes on when they are back.");
        using var window = new CancellationTokenSource(timeout, room.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, window.Token);
        while (!receiver.HasLeft)
        {
            Peer? returned = members.Peers.FirstOrDefault(p => p.AcceptsFiles && p.HasLiveConnection && p.Identity == receiver.Identity && (p == receiver || served.TryReplace(receiver, p)));
            if (returned is not null)
            {
                return returned;
            }

            if (!await ReadPeerChangeAsync(events, stop.Token).ConfigureAwait(false))
            {
                return null;
            }
        }

        return null;
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

    private async Task ReceiveAsync(FileReceiver receiver, TaskCompletionSource open)
    {
        try
        {
            await receiver.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove(receiver);
            }

            await receiver.Closed.ConfigureAwait(false);
            End(open);
        }
    }

    private void End(TaskCompletionSource open)
    {
        lock (_gate)
        {
            _open.Remove(open);
        }

        open.SetResult();
    }

    private long CountOtherManifests(FileReceiver receiver)
    {
        lock (_gate)
        {
            return _running.OfType<FileReceiver>().Where(r => r != receiver && r.Peer == receiver.Peer).Sum(r => r.ManifestBytes);
        }
    }

    // The sender was killed and sends again, before this side has noticed; or it has cancelled and sends again, and this side is
    // about to end: the older transfer holds the partial file.
    private async Task SupersedeAsync(FileReceiver newer)
    {
        FileReceiver[] older;
        lock (_gate)
        {
            older = [.. _running.OfType<FileReceiver>().Where(r => r != newer && r.SenderIdentity == newer.SenderIdentity && r.Sources.Overlaps(newer.Sources))];
        }

        foreach (FileReceiver receiver in older)
        {
            if (receiver.Peer != newer.Peer)
            {
                receiver.HandleCancel("the same file is sent again");
            }

            await Task.WhenAny(receiver.Ended, Task.Delay(SupersedeTimeout, room.Time)).ConfigureAwait(false);
        }
    }

    /// <summary>Which processes a send goes to, so that each gets it once, whoever comes and goes meanwhile.</summary>
    private sealed class ServedReceivers
    {
        private readonly Lock _gate = new();
        private readonly HashSet<(string Identity, string Instance)> _served = [];

        public ServedReceivers(IEnumerable<Peer> peers)
        {
            foreach (Peer peer in peers)
            {
                TryAdd(peer);
            }
        }

        /// <summary>False when the process is served already.</summary>
        public bool TryAdd(Peer peer)
        {
            lock (_gate)
            {
                return _served.Add((peer.Identity, peer.Instance));
            }
        }

        /// <summary>A process takes the place of one that is gone. False when it is served itself.</summary>
        public bool TryReplace(Peer gone, Peer peer)
        {
            lock (_gate)
            {
                return (gone.Identity, gone.Instance) == (peer.Identity, peer.Instance) || _served.Add((peer.Identity, peer.Instance));
            }
        }
    }
}
