using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Takes a room by name or object, and the room of a peer, message or transfer: the history knows rooms by their names.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HistoryRoomArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) => ArgumentText.Map(inputData, item => item switch
    {
        EGoatRoom room => room.Name,
        EGoatPeer peer => peer.Room,
        EGoatMessage message => message.Room,
        EGoatTransfer transfer => transfer.Room,
        _ => null,
    });
}
