using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets the rooms that this process has joined.</summary>
/// <example>
/// <code>
/// Get-EGoatRoom | Select-Object Name, State, Server
/// </code>
/// Whether each room is connected to its server: a room that is Reconnecting works with those who are there.
/// </example>
/// <example>
/// <code>
/// Get-EGoatRoom goat* | Exit-EGoatRoom
/// </code>
/// Leaves rooms whose names begin so.
/// </example>
/// <example>
/// <code>
/// Register-ObjectEvent (Get-EGoatRoom lobby) MessageReceived -Action { $EventArgs.Message.Text }
/// </code>
/// Runs a script for each message. For many messages Receive-EGoatMessage -Wait is faster.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatRoom")]
[OutputType(typeof(EGoatRoom))]
public sealed class GetEGoatRoom : EGoatCmdlet
{
    /// <summary>Only rooms of these names or ids; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(GetRooms(Name), enumerateCollection: true);
}
