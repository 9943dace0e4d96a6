using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets the other members of joined rooms.</summary>
/// <example>
/// <code>
/// Get-EGoatPeer lobby | Where-Object AcceptsFiles
/// </code>
/// Who would get a file that is sent now.
/// </example>
/// <example>
/// <code>
/// (Get-EGoatPeer lobby).Statistics
/// </code>
/// What the connections have done so far.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatPeer")]
[OutputType(typeof(EGoatPeer))]
public sealed class GetEGoatPeer : EGoatCmdlet
{
    /// <summary>Only of this room; without it of all.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        WriteObject(Room is null ? GetNode().Rooms.SelectMany(r => r.Peers) : GetRoom(Room).Peers, enumerateCollection: true);
}
