using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;
using EGoat.Signaling;
using EGoat.WebRtc.Sockets;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>Members coming and going: what the signaling server says, and what becomes of connections.</summary>
public sealed partial class Room : IPeerOwner
{
    /// <summary>A sender's clock may be this wrong in either direction; beyond it the time of arrival is shown.</summary>
    private static readonly TimeSpan MaxClockError = TimeSpan.FromDays(1);

    HelloMessage IPeerOwner.CreateHello() => CreateHello();

    void IPeerOwner.OnHello(Peer peer)
    {
        Peer[] older;
        lock (_gate)
        {
            // Two consoles of one user coexist; the same process that has joined anew replaces what it was, and so does
            // another one that comes after the server has seen the first leave.
            older = [.. _peers.Values.Where(p => p != peer && p.Identity == peer.Identity && (p.Instance == peer.Instance || _gone.Contains(p.Id)))];
        }

        foreach (Peer replaced in older)
        {
            _ = RemoveAsync(replaced);
        }

        EGoatPeer snapshot = peer.Snapshot(Name, withStatistics: true);
        _ = NoteIdentityAsync(snapshot);
        _events.Publish(new RoomPeerChanged(snapshot));
    }

    void IPeerOwner.OnChanged(Peer peer) => _events.Publish(new RoomPeerChanged(peer.Snapshot(Name, withStatistics: true)));

    void IPeerOwner.OnEnded(Peer peer, string? reason)
    {
        if (_left.IsCancellationRequested)
        {
            return;
        }

        bool isPresent;
        lock (_gate)
        {
            isPresent = _present.Contains(peer.Id);
        }

        // No reason: the peer has closed the connection on purpose, and comes back by itself if it wants to.
        if (isPresent && reason is not null)
        {
            _ = RetryAsync(peer);
        }
        else
        {
            _ = RemoveAsync(peer);
        }
    }

    ValueTask IPeerOwner.OnMessageAsync(Peer peer, ControlMessage message) => HandleMessageAsync(peer, message);

    bool IPeerOwner.OnFileChannel(Peer peer, RtcDataChannel channel) => HandleFileChannel(peer, channel);

    Task IPeerOwner.IntroduceAsync(Peer peer, Introduction introduction) => IntroduceAsync(peer.Id, introduction);

    void IPeerOwner.Warn(string text) => Warn(text);

    private string TraceName(string peerId) => $"{Name}/{(peerId.Length > 8 ? peerId[..8] : peerId)}";

    private void Warn(string text) => _events.Publish(new RoomWarning(text));

    private HelloMessage CreateHello() => new(ControlMessage.Version, DisplayName, _instance, _receive is not null, ControlMessage.AllFeatures);

    private async Task NoteIdentityAsync(EGoatPeer peer)
    {
        try
        {
            IdentitySighting sighting = await _store.NoteIdentityAsync(peer.Identity, peer.Name, Name, DateTimeOffset.UtcNow, CancellationToken.None).ConfigureAwait(false);
            if (sighting.IsNameOfAnother)
            {
                Warn($"{WirePath.Escape(peer.Name)} was known under another identity: this is {peer.Identity}.");
            }
        }
#pragma warning disable CA1031 // The store's own exceptions; a member is no less there.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Warn(e.Message);
        }
    }

    private async Task RunAsync()
    {
        await foreach (SignalingEvent e in _signaling.Events.ReadAllAsync().ConfigureAwait(false))
        {
            Trace(e);
            switch (e)
            {
                case SignalingJoined joined:
                    await HandleJoinedAsync(joined).ConfigureAwait(false);
                    break;
                case SignalingPeerJoined joined:
                    HandlePeerJoined(joined.Peer);
                    break;
                case SignalingPeerLeft left:
                    HandlePeerLeft(left.Peer);
                    break;
                case SignalingReceived received:
                    await HandleIntroductionAsync(received).ConfigureAwait(false);
                    break;
                case SignalingLost when !_left.IsCancellationRequested:
                    SetState(EGoatRoomState.Reconnecting);
                    break;
                case SignalingRefused refused:
                    Warn(refused.Message);
                    break;
                default:
                    break;
            }
        }
    }

    private void Trace(SignalingEvent e) => _trace?.IfOn?.Write(TraceCategory.Signaling, e switch
    {
        SignalingJoined joined => $"joined{(joined.IsRejoin ? " again" : "")}; present: {string.Join(", ", joined.Peers)}",
        SignalingPeerJoined joined => $"{joined.Peer} has joined",
        SignalingPeerLeft left => $"{left.Peer} has left",
        SignalingReceived received => $"{Introduction.Parse(received.Data)?.Kind ?? "something unreadable"} from {received.From}",
        SignalingLost => "the server is out of reach",
        SignalingRefused refused => $"refused: {refused.Message}",
        _ => e.GetType().Name,
    });

    // At first the newcomer offers. After the server's return nobody re-offers to a live connection, and of two that
    // miss each other the smaller peer id offers.
    private async Task HandleJoinedAsync(SignalingJoined joined)
    {
        lock (_gate)
        {
            _present.Clear();
            _gone.Clear();
            _present.UnionWith(joined.Peers);
        }

        SetState(EGoatRoomState.Joined);
        UseIceServers(_options.IceServers ?? joined.IceServers);
        foreach (string id in joined.Peers)
        {
            Peer peer = GetOrAddPeer(id);
            if (peer.HasLiveConnection)
            {
                continue;
            }

            if (!joined.IsRejoin || string.CompareOrdinal(PeerId, id) < 0)
            {
                await OfferAsync(peer).ConfigureAwait(false);
            }
            else
            {
                await IntroduceAsync(id, new Introduction { Kind = "restart" }).ConfigureAwait(false);
            }
        }

        _events.Publish(new RoomStateChanged(_state));
    }

    private void UseIceServers(IReadOnlyList<IceServer> servers)
    {
        var usable = new List<WebRtc.Ice.IceServer>();
        foreach (IceServer server in servers)
        {
            foreach (string url in server.Urls)
            {
                if (WebRtc.Ice.IceServer.TryParse(url, server.Username, server.Credential, out WebRtc.Ice.IceServer? parsed))
                {
                    usable.Add(parsed);
                }
                else
                {
                    Warn($"{WirePath.Escape(url)} is not the URL of a STUN or TURN server.");
                }
            }
        }

        if (_options.RelayOnly && !usable.Exists(s => s.IsTurn))
        {
            Warn("Only relayed connections are allowed and there is no TURN server: nobody can be reached. Name one with 'egoat serve --ice-server'.");
        }

        _host.AddIceServers(usable);
    }

    private void HandlePeerJoined(string id)
    {
        lock (_gate)
        {
            _present.Add(id);
            _gone.Remove(id);
        }

        GetOrAddPeer(id);
    }

    private void HandlePeerLeft(string id)
    {
        Peer? peer;
        lock (_gate)
        {
            _present.Remove(id);
            if (_peers.TryGetValue(id, out peer))
            {
                _gone.Add(id);
            }
        }

        if (peer is { HasLiveConnection: false })
        {
            _ = RemoveAsync(peer);
        }
    }

    private async Task HandleIntroductionAsync(SignalingReceived received)
    {
        if (Introduction.Parse(received.Data) is not { } introduction || !SignalingLimits.IsPeerId(received.From))
        {
            return;
        }

        Peer peer = GetOrAddPeer(received.From);
        switch (introduction)
        {
            case { Kind: "offer", Session: { } session, Sdp: { } sdp }:
                await AnswerAsync(peer, session, sdp).ConfigureAwait(false);
                break;
            case { Kind: "answer", Session: { } session, Sdp: { } sdp }:
                peer.HandleAnswer(session, sdp);
                break;
            case { Kind: "candidate", Session: { } session, Candidate: { } candidate }:
                peer.HandleCandidate(session, candidate);
                break;
            case { Kind: "restart", Session: { } session }:
                await peer.HandleRestartAsync(session).ConfigureAwait(false);
                break;
            case { Kind: "restart" } when !peer.IsConnected:
                await OfferAsync(peer).ConfigureAwait(false);
                break;
            default:
                break;
        }
    }

    private async Task OfferAsync(Peer peer)
    {
        try
        {
            await peer.OfferAsync(_host.CreateConnection(TraceName(peer.Id))).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The room is being left.
        }
    }

    private async Task AnswerAsync(Peer peer, string session, string offer)
    {
        RtcConnection connection;
        try
        {
            if (await peer.TryAnswerRestartAsync(session, offer).ConfigureAwait(false))
            {
                return;
            }
        }
        catch (FormatException e)
        {
            Warn(e.Message);
            return;
        }

        try
        {
            connection = _host.CreateConnection(TraceName(peer.Id));
        }
        catch (ObjectDisposedException)
        {
            return; // the room is being left
        }

        try
        {
            await peer.AnswerAsync(connection, session, offer).ConfigureAwait(false);
        }
        catch (FormatException e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            Warn(e.Message);
        }
    }

    private async Task IntroduceAsync(string to, Introduction introduction)
    {
        _trace?.IfOn?.Write(TraceCategory.Signaling, $"{introduction.Kind} to {to}");
        try
        {
            await _signaling.SendAsync(to, introduction.Format(), _left.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The room is being left.
        }
    }

    // Addresses of this machine have come or gone.
    private void HandleNetworkChange()
    {
        Peer[] peers;
        lock (_gate)
        {
            peers = [.. _peers.Values];
        }

        foreach (Peer peer in peers)
        {
            _ = peer.RestartAsync();
        }
    }

    // The connection broke and the member is still there: the smaller id offers anew, the other asks for it.
    private async Task RetryAsync(Peer peer)
    {
        TimeSpan delay = FirstRetryDelay * (1 << Math.Min(peer.Failures++, 10));
        try
        {
            await Task.Delay(delay < MaxRetryDelay ? delay : MaxRetryDelay, _left.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        bool isWanted;
        lock (_gate)
        {
            isWanted = _present.Contains(peer.Id) && _peers.TryGetValue(peer.Id, out Peer? present) && present == peer;
        }

        if (!isWanted)
        {
            await RemoveAsync(peer).ConfigureAwait(false);
        }
        else if (!peer.HasLiveConnection)
        {
            await (string.CompareOrdinal(PeerId, peer.Id) < 0 ? OfferAsync(peer) : IntroduceAsync(peer.Id, new Introduction { Kind = "restart" })).ConfigureAwait(false);
        }
    }

    private Peer GetOrAddPeer(string id)
    {
        Peer? peer;
        lock (_gate)
        {
            if (_peers.TryGetValue(id, out peer))
            {
                return peer;
            }

            peer = _peers[id] = new Peer(id, this);
        }

        _events.Publish(new RoomPeerChanged(peer.Snapshot(Name, withStatistics: true)));
        return peer;
    }

    private async Task RemoveAsync(Peer peer)
    {
        PendingReceipts[] pending;
        lock (_gate)
        {
            if (!_peers.TryGetValue(peer.Id, out Peer? present) || present != peer)
            {
                return;
            }

            _peers.Remove(peer.Id);
            _gone.Remove(peer.Id);
            pending = [.. _pendingReceipts.Values];
        }

        foreach (PendingReceipts receipts in pending)
        {
            receipts.Remove(peer.Id);
        }

        await peer.CloseAsync().ConfigureAwait(false);
        _events.Publish(new RoomPeerChanged(peer.Snapshot(Name, withStatistics: true)));
    }

    private async ValueTask HandleMessageAsync(Peer peer, ControlMessage message)
    {
        switch (message)
        {
            case TextMessage text:
                await HandleTextAsync(peer, text).ConfigureAwait(false);
                break;
            case ReceiptMessage receipt:
                await HandleReceiptAsync(peer, receipt).ConfigureAwait(false);
                break;
            case ByeMessage bye:
                if (bye.Reason.Length > 0)
                {
                    Warn($"{Describe(peer)} refuses: {WirePath.Escape(bye.Reason)}");
                }

                _ = RemoveAsync(peer);
                break;
            default:
                HandleTransferMessage(peer, message);
                break;
        }
    }

    private async Task HandleTextAsync(Peer peer, TextMessage text)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        EGoatPeer sender = peer.Snapshot(Name);
        DateTimeOffset sentAt = Math.Abs(text.At - now.ToUnixTimeMilliseconds()) <= MaxClockError.TotalMilliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(text.At) : now;
        var message = new EGoatMessage
        {
            Id = text.Id,
            Room = Name,
            From = sender.Name,
            FromIdentity = sender.Identity,
            Text = text.Text,
            SentAt = sentAt,
            ReceivedAt = now,
            Direction = EGoatDirection.Received,
            Private = text.Private,
        };
        try
        {
            (message, _) = await _store.AddMessageAsync(message, CancellationToken.None).ConfigureAwait(false);
            peer.Send(new ReceiptMessage(text.Id));
            if (_shown.TryAdd(sender.Identity, text.Id))
            {
                await _events.PublishAsync(new RoomMessageReceived(message)).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Whatever the store throws: without a commit there is no receipt, and the sender repeats.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Warn(e.Message);
        }
    }

    private async Task HandleReceiptAsync(Peer peer, ReceiptMessage receipt)
    {
        peer.Confirm(receipt.Id);
        lock (_gate)
        {
            if (!_pendingReceipts.TryGetValue(receipt.Id, out PendingReceipts? pending))
            {
                return;
            }

            if (pending.Remove(peer.Id))
            {
                _pendingReceipts.Remove(receipt.Id);
            }
        }

        try
        {
            EGoatPeer recipient = peer.Snapshot(Name);
            var delivery = new EGoatDelivery
            {
                MessageId = receipt.Id,
                Room = Name,
                Peer = recipient.Name,
                PeerIdentity = recipient.Identity,
                State = EGoatDeliveryState.Confirmed,
                At = DateTimeOffset.UtcNow,
            };
            await _store.PutDeliveriesAsync([delivery], CancellationToken.None).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A receipt that is not kept costs nothing but its row.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Warn(e.Message);
        }
    }
}
