using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>What each event of a room means to whoever looks on: the one place that reads them.</summary>
/// <param name="view">Where it is shown.</param>
public sealed class RoomEventPresenter(IRoomView view)
{
    /// <summary>Members that were shown as present.</summary>
    private readonly HashSet<string> _present = [];
    private bool _isReconnecting;

    /// <summary>Shows an event; one after another.</summary>
    public void Show(RoomEvent e)
    {
        switch (e)
        {
            case RoomMessageReceived { Message: var message }:
                view.ShowMessage(message);
                break;
            case RoomMessageKept { Message: var message }:
                view.ShowKept(message);
                break;
            case RoomDeliveryChanged { Delivery: var delivery }:
                view.ShowDelivery(delivery);
                break;
            case RoomPeerChanged { Peer: { State: EGoatPeerState.Connected } peer } when _present.Add(peer.Id):
                view.ShowPresence(peer, isHere: true);
                break;
            case RoomPeerChanged { Peer: { State: EGoatPeerState.Left or EGoatPeerState.Disconnected } peer } when _present.Remove(peer.Id):
                view.ShowPresence(peer, isHere: false);
                break;
            case RoomTransferChanged { Transfer: var transfer }:
                view.ShowTransfer(transfer);
                break;
            case RoomStateChanged { State: var state }:
                view.ShowState(state, _isReconnecting && state == EGoatRoomState.Joined);
                _isReconnecting = state == EGoatRoomState.Reconnecting;
                break;
            case RoomEventsLost { Count: var count }:
                view.ShowLost(count);
                break;
            case RoomWarning { Text: var text }:
                view.Warn(text);
                break;
            default:
                break;
        }
    }
}
