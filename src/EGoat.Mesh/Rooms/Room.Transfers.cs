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
        var sender = new FileSender(id, peer, files, progress, stop.Token);
        lock (_gate)
        {
            _senders.Add(sender);
        }

        try
        {
            return await sender.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _senders.Remove(sender);
            }
        }
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

            receiver = new FileReceiver(id, peer, peer.Snapshot(Name), channel, _transfers, _left.Token);
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
