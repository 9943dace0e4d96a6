using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Leaves rooms: what is queued is delivered first, for at most 5 seconds.</summary>
/// <example>
/// <code>
/// Get-EGoatRoom | Exit-EGoatRoom
/// </code>
/// Leaves all rooms.
/// </example>
[Cmdlet(VerbsCommon.Exit, "EGoatRoom", DefaultParameterSetName = "Room", SupportsShouldProcess = true)]
public sealed class ExitEGoatRoom : EGoatCmdlet
{
    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter(Position = 0, ParameterSetName = "Room")]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>The rooms, from Get-EGoatRoom or Join-EGoatRoom.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    public EGoatRoom[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Room room in ParameterSetName == "InputObject" ? InputObject.OfType<Room>() : [GetRoom(Room)])
        {
            if (ShouldProcess(room.Name, "Leave the room"))
            {
                Await(room.LeaveAsync(StopToken), room);
            }
        }
    }
}
