using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets the rooms that this process has joined.</summary>
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
    /// <summary>Only rooms of this name; wildcards are allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string Name { get; set; } = "*";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        WildcardPattern pattern = WildcardPattern.Get(Name, WildcardOptions.IgnoreCase);
        WriteObject(GetNode().Rooms.Where(r => pattern.IsMatch(r.Name)), enumerateCollection: true);
    }
}
