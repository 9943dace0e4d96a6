using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Gives a transfer up, in either direction; what the receiver has verified it keeps.</summary>
[Cmdlet(VerbsLifecycle.Stop, "EGoatTransfer", SupportsShouldProcess = true)]
public sealed class StopEGoatTransfer : TransferCommand
{
    private protected override string Action => "Cancel the transfer";

    private protected override void Carry(Room room, string id) => room.CancelTransfer(id);
}
