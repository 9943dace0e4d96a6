namespace EGoat;

/// <summary>Whether a room is joined.</summary>
public enum EGoatRoomState
{
    /// <summary>Joining for the first time.</summary>
    Joining,

    /// <summary>Joined, and the signaling server is connected.</summary>
    Joined,

    /// <summary>The signaling server is out of reach: connected peers stay, newcomers cannot come until it is back.</summary>
    Reconnecting,

    /// <summary>Left.</summary>
    Left,
}

/// <summary>The arguments of an event about a message.</summary>
public sealed class EGoatMessageEventArgs(EGoatMessage message) : EventArgs
{
    /// <summary>The message.</summary>
    public EGoatMessage Message { get; } = message;
}

/// <summary>The arguments of an event about the outcome of a message.</summary>
public sealed class EGoatDeliveryEventArgs(EGoatDelivery delivery) : EventArgs
{
    /// <summary>The outcome for one recipient.</summary>
    public EGoatDelivery Delivery { get; } = delivery;
}

/// <summary>The arguments of an event about a peer.</summary>
public sealed class EGoatPeerEventArgs(EGoatPeer peer) : EventArgs
{
    /// <summary>The peer, as it is now.</summary>
    public EGoatPeer Peer { get; } = peer;
}

/// <summary>The arguments of an event about a transfer.</summary>
public sealed class EGoatTransferEventArgs(EGoatTransfer transfer) : EventArgs
{
    /// <summary>The transfer, as it is now.</summary>
    public EGoatTransfer Transfer { get; } = transfer;
}

/// <summary>
/// A room that this process has joined. Thread-safe; properties are snapshots. Events are raised one after another in
/// order, on a thread that carries no network traffic: a handler that blocks delays later events, never the network.
/// </summary>
public abstract class EGoatRoom
{
    /// <summary>The ids of peers that are connected, as events have told; only used while one is raised.</summary>
    private readonly HashSet<string> _present = [];

    /// <summary>The id of this membership: two rooms of one name, on two servers, differ in it.</summary>
    public abstract string Id { get; }

    /// <summary>The name of the room.</summary>
    public abstract string Name { get; }

    /// <summary>The URL of the signaling server.</summary>
    public abstract Uri Server { get; }

    /// <summary>Whether it is joined.</summary>
    public abstract EGoatRoomState State { get; }

    /// <summary>The name this installation uses in the room.</summary>
    public abstract string DisplayName { get; }

    /// <summary>The identity id of this installation.</summary>
    public abstract string Identity { get; }

    /// <summary>The other peers, connected ones and those being connected.</summary>
    public abstract IReadOnlyList<EGoatPeer> Peers { get; }

    /// <summary>The transfers of this room since it was joined, newest last; bounded to the last 1,000 ended ones.</summary>
    public abstract IReadOnlyList<EGoatTransfer> Transfers { get; }

    /// <summary>A message was received; <see cref="EGoatMessage.Kept"/> says whether the history holds it.</summary>
    public event EventHandler<EGoatMessageEventArgs>? MessageReceived;

    /// <summary>A message that was sent from here has an outcome for a recipient, or another one.</summary>
    public event EventHandler<EGoatDeliveryEventArgs>? DeliveryChanged;

    /// <summary>A peer connected: it is there and can be written to.</summary>
    public event EventHandler<EGoatPeerEventArgs>? PeerJoined;

    /// <summary>A peer that had connected left, or was not heard from for 30 seconds.</summary>
    public event EventHandler<EGoatPeerEventArgs>? PeerLeft;

    /// <summary>A peer appeared, connected, changed or left.</summary>
    public event EventHandler<EGoatPeerEventArgs>? PeerChanged;

    /// <summary>A transfer was offered, made progress (at most 10 times a second) or ended.</summary>
    public event EventHandler<EGoatTransferEventArgs>? TransferChanged;

    /// <summary>A transfer ended, well or not.</summary>
    public event EventHandler<EGoatTransferEventArgs>? TransferEnded;

    /// <summary>The room's state changed.</summary>
    public event EventHandler<EGoatRoomStateEventArgs>? StateChanged;

    /// <summary>Raises <see cref="MessageReceived"/>.</summary>
    protected void OnMessageReceived(EGoatMessage message) => MessageReceived?.Invoke(this, new EGoatMessageEventArgs(message));

    /// <summary>Raises <see cref="DeliveryChanged"/>.</summary>
    protected void OnDeliveryChanged(EGoatDelivery delivery) => DeliveryChanged?.Invoke(this, new EGoatDeliveryEventArgs(delivery));

    /// <summary>Raises <see cref="PeerJoined"/> or <see cref="PeerLeft"/> where a peer has come or gone, and <see cref="PeerChanged"/>.</summary>
    protected void OnPeerChanged(EGoatPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var arguments = new EGoatPeerEventArgs(peer);
        if (peer.State == EGoatPeerState.Connected && _present.Add(peer.Id))
        {
            PeerJoined?.Invoke(this, arguments);
        }
        else if (peer.State == EGoatPeerState.Left && _present.Remove(peer.Id))
        {
            PeerLeft?.Invoke(this, arguments);
        }

        PeerChanged?.Invoke(this, arguments);
    }

    /// <summary>Raises <see cref="TransferChanged"/>, and <see cref="TransferEnded"/> where it has ended.</summary>
    protected void OnTransferChanged(EGoatTransfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        var arguments = new EGoatTransferEventArgs(transfer);
        TransferChanged?.Invoke(this, arguments);
        if (transfer.IsEnded)
        {
            TransferEnded?.Invoke(this, arguments);
        }
    }

    /// <summary>Raises <see cref="StateChanged"/>.</summary>
    protected void OnStateChanged(EGoatRoomState state) => StateChanged?.Invoke(this, new EGoatRoomStateEventArgs(state));

    /// <summary>The room's name and how many peers are present.</summary>
    public override string ToString() => $"{VisibleText.Line(Name)} ({Peers.Count(peer => peer.State == EGoatPeerState.Connected)} peers)";
}
