using System.Management.Automation;
using EGoat.Web;

namespace EGoat.PowerShell.Commands;

/// <summary>Stops signaling servers of this process: those given, or all.</summary>
/// <example>
/// <code>
/// Get-EGoatSignaling | Stop-EGoatSignaling -WhatIf
/// </code>
/// Shows which servers would be stopped.
/// </example>
[Cmdlet(VerbsLifecycle.Stop, "EGoatSignaling", SupportsShouldProcess = true)]
public sealed class StopEGoatSignaling : EGoatCmdlet
{
    /// <summary>The servers; without it all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    public EGoatSignaling[]? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (SignalingServer server in InputObject is null ? GetNode().Servers : InputObject.OfType<SignalingServer>())
        {
            if (ShouldProcess(server.Url.ToString(), "Stop the signaling server"))
            {
                Await(server.StopAsync(), server);
            }
        }
    }
}
