using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Takes a member by name, identity or object: the history knows members by their identities.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HistoryPeerArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) => ArgumentText.Map(inputData, item => item switch
    {
        EGoatPeer peer => peer.Identity,
        EGoatMessage message => message.FromIdentity,
        EGoatTransfer transfer => transfer.PeerIdentity,
        _ => null,
    });
}
