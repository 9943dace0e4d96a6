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

    private readonly List<FileSender> _senders = [];
    private readonly List<FileReceiver> _receivers = [];

    private async Task<IReadOnlyList<EGoatTransfer>> SendToAsync(Peer peer, IReadOnlyList<SourceFile> files, CancellationToken cancellationToken)
    {
        string id = Guid.CreateVersion7().ToString();
        EGoatPeer receiver = peer.Snapshot(Name);
        TransferProgress[] progress = [.. files.Select(f => _transfers.Add(new EGoatTransfer
        {
            Id = id,
            Room = Name,
            Name = f.Name,
            Path = f.Path,
            Peer = receiver.Name,
            PeerIdentity = receiver.Identity,
            Direction = EGoatDirection.Sent,
            Length = f.Length,
            State = EGoatTransferState.Offered,
            Started = DateTimeOffset.UtcNow,
        }))];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _left.Token);
        var results = new List<EGoatTransfer>();
        for (int attempt = 1; ; attempt++)
        {
            var sender = new FileSender(attempt == 1 ? id : Guid.CreateVersion7().ToString(), peer, files, progress, stop.Token);
            await RunAsync(sender).ConfigureAwait(false);
            IReadOnlyList<int> rest = sender.IsConnectionLost && attempt < MaxAttempts ? sender.Rest : [];
            if (rest.Count == 0 || await WaitForReturnAsync(receiver, stop.Token).ConfigureAwait(false) is not { } returned)
            {
                results.AddRange(await sender.EndAsync(Enumerable.Range(0, files.Count)).ConfigureAwait(false));
                return results;
            }

            // Another connection, perhaps another process of the same identity: it holds what it has verified.
            results.AddRange(await sender.EndAsync(Enumerable.Range(0, files.Count).Except(rest)).ConfigureAwait(false));
            peer = returned;
            files = [.. rest.Select(i => files[i])];
            progress = [.. rest.Select(i => progress[i])];
            foreach (TransferProgress restarted in progress)
            {
                restarted.Restart();
            }
        }
    }

    private async Task RunAsync(FileSender sender)
    {
        lock (_gate)
        {
            _senders.Add(sender);
        }

        try
        {
            await sender.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _senders.Remove(sender);
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
        try
        {
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
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<bool> ReadPeerChangeAsync(RoomSubscription events, CancellationToken cancellationToken)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (e is RoomPeerChanged)
            {
                return true;
            }
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
            if (_left.IsCancellationRequested || _receivers.Count(r => r.Peer == peer) >= MaxIncomingPerPeer || _receivers.Exists(r => r.Peer == peer && r.Id == id))
            {
                return false;
            }

            receiver = new FileReceiver(id, peer, peer.Snapshot(Name), channel, _transfers, SupersedeAsync, _left.Token);
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

    // The sender was killed and sends again, before this side has noticed: the older transfer holds the partial file.
    private async Task SupersedeAsync(FileReceiver newer)
    {
        FileReceiver[] older;
        lock (_gate)
        {
            older = [.. _receivers.Where(r => r.Peer != newer.Peer && r.SenderIdentity == newer.SenderIdentity && r.Paths.Overlaps(newer.Paths))];
        }

        foreach (FileReceiver receiver in older)
        {
            receiver.HandleCancel("the same file is sent again");
            await receiver.Ended.ConfigureAwait(false);
        }
    }

    private void HandleTransferMessage(Peer peer, ControlMessage message)
    {
        switch (message)
        {
            case AcceptMessage accept:
                FindSender(peer, accept.Id)?.HandleAccept(accept);
                break;
            case RejectMessage reject:
                FindSender(peer, reject.Id)?.HandleEnd($"The receiver rejected it: {reject.Reason}", EGoatTransferState.Rejected);
                break;
            case CancelMessage cancel:
                FindSender(peer, cancel.Id)?.HandleEnd($"The receiver gave it up: {cancel.Reason}", EGoatTransferState.Failed);
                FindReceiver(peer, cancel.Id)?.HandleCancel(cancel.Reason);
                break;
            default:
                break; // transfer and done say nothing that the file channel does not; typing is for the interactive view
        }
    }

    private FileSender? FindSender(Peer peer, string id)
    {
        lock (_gate)
        {
            return _senders.Find(s => s.Peer == peer && s.Id == id);
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
