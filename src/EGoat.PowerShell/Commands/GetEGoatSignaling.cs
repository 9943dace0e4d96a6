using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets the signaling servers of this process.</summary>
/// <example>
/// <code>
/// (Get-EGoatSignaling).Page
/// </code>
/// The address of the page for a browser.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatSignaling")]
[OutputType(typeof(EGoatSignaling))]
public sealed class GetEGoatSignaling : EGoatCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(GetNode().Servers, enumerateCollection: true);
}
