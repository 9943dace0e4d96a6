using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Ends the pause of a transfer that this side has paused.</summary>
/// <example>
/// <code>
/// Get-EGoatTransfer -State Paused | Resume-EGoatTransfer
/// </code>
/// Lets everything go on that rests.
/// </example>
[Cmdlet(VerbsLifecycle.Resume, "EGoatTransfer", SupportsShouldProcess = true)]
public sealed class ResumeEGoatTransfer : TransferCommand
{
    private protected override string Action => "Resume the transfer";

    private protected override void Carry(Room room, string id) => room.ResumeTransfer(id);
}
