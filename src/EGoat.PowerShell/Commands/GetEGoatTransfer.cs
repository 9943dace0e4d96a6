using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets the transfers of joined rooms since they were joined.</summary>
[Cmdlet(VerbsCommon.Get, "EGoatTransfer")]
[OutputType(typeof(EGoatTransfer))]
public sealed class GetEGoatTransfer : EGoatCmdlet
{
    /// <summary>Only of this room; without it of all.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        WriteObject(Room is null ? GetNode().Rooms.SelectMany(r => r.Transfers) : GetRoom(Room).Transfers, enumerateCollection: true);
}
