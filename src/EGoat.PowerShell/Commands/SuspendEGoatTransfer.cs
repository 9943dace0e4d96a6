using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Lets a transfer rest, in either direction, until Resume-EGoatTransfer.</summary>
/// <example>
/// <code>
/// Get-EGoatTransfer -Active | Suspend-EGoatTransfer
/// </code>
/// Lets everything rest that is under way.
/// </example>
[Cmdlet(VerbsLifecycle.Suspend, "EGoatTransfer", SupportsShouldProcess = true)]
public sealed class SuspendEGoatTransfer : TransferCommand
{
    private protected override string Action => "Pause the transfer";

    private protected override void Carry(Room room, string id) => room.PauseTransfer(id);
}
