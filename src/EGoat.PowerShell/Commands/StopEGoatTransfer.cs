using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Gives a transfer up, in either direction; what the receiver has verified it keeps.</summary>
/// <example>
/// <code>
/// Get-EGoatTransfer -Active | Stop-EGoatTransfer
/// </code>
/// Gives up everything that is under way. Sent again later, only the rest travels.
/// </example>
[Cmdlet(VerbsLifecycle.Stop, "EGoatTransfer", SupportsShouldProcess = true)]
public sealed class StopEGoatTransfer : TransferCommand
{
    private protected override string Action => "Cancel the transfer";

    private protected override void Carry(Room room, string id) => room.CancelTransfer(id);
}
