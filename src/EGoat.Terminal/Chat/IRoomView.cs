namespace EGoat.Terminal;

/// <summary>Where what happens in a room is shown, to people or to programs. Names, texts and reasons are as they came.</summary>
public interface IRoomView : IChatOutput
{
    /// <summary>A message was received.</summary>
    void ShowMessage(EGoatMessage message);

    /// <summary>A message that the history did not hold is held by it now.</summary>
    void ShowKept(EGoatMessage message);

    /// <summary>A message that was sent from here has an outcome for a recipient.</summary>
    void ShowDelivery(EGoatDelivery delivery);

    /// <summary>A member has come or gone.</summary>
    void ShowPresence(EGoatPeer peer, bool isHere);

    /// <summary>A transfer has begun, made progress or ended.</summary>
    void ShowTransfer(EGoatTransfer transfer);

    /// <summary>The room's state has changed.</summary>
    /// <param name="state">The state.</param>
    /// <param name="isBack">Whether the signaling server was out of reach until now.</param>
    void ShowState(EGoatRoomState state, bool isBack);

    /// <summary>So many events came too fast to be shown.</summary>
    void ShowLost(int count);
}
