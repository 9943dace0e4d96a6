using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Takes a room by name, id or object, and the room of a peer, message or transfer.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RoomArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) => ArgumentText.Map(inputData, GetRoom);

    private static string? GetRoom(object item) => item switch
    {
        EGoatRoom room => room.Id,
        EGoatPeer peer => peer.Room,
        EGoatMessage message => message.Room,
        EGoatTransfer transfer => transfer.Room,
        EGoatDelivery delivery => delivery.Room,
        _ => null,
    };
}
