using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Takes a member by name, peer id, identity or object, and the other side of a message or transfer.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PeerArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) => ArgumentText.Map(inputData, GetPeer);

    private static string? GetPeer(object item) => item switch
    {
        EGoatPeer peer => peer.Id,
        EGoatMessage message => message.FromIdentity,
        EGoatTransfer transfer => transfer.PeerIdentity,
        EGoatDelivery delivery => delivery.PeerIdentity,
        _ => null,
    };
}
