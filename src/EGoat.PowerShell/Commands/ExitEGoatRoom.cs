using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>
/// Leaves rooms. What was said last is delivered first, for as long as somebody confirms something every 5 seconds; while files are
/// under way it asks.
/// </summary>
/// <example>
/// <code>
/// Exit-EGoatRoom lobby
/// </code>
/// Leaves one room.
/// </example>
/// <example>
/// <code>
/// Get-EGoatRoom | Exit-EGoatRoom
/// </code>
/// Leaves all rooms.
/// </example>
/// <example>
/// <code>
/// Exit-EGoatRoom goats -Force
/// </code>
/// Leaves although files are under way; sent again later, only the rest travels.
/// </example>
[Cmdlet(VerbsCommon.Exit, "EGoatRoom", SupportsShouldProcess = true)]
public sealed class ExitEGoatRoom : EGoatCmdlet
{
    /// <summary>The rooms, by name or id or from Get-EGoatRoom; wildcards are allowed. Without it the only one that is joined.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string[] Room { get; set; } = [];

    /// <summary>Leaves at once: files that are under way are cut, and nobody is asked.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Room room in Room.Length == 0 ? [GetRoom(null)] : GetRooms(Room))
        {
            int running = room.Transfers.Count(t => !t.IsEnded);
            if (ShouldProcess(room.Name, "Leave the room")
                && (running == 0 || Force || Confirm("Leave the room", $"{running:N0} files are under way in the room '{room.Name}'. Leave and cut them off?")))
            {
                Leave(room);
            }
        }
    }

    private void Leave(Room room)
    {
        IReadOnlyList<EGoatDelivery> unconfirmed = Await(Force ? room.LeaveAsync(TimeSpan.Zero, StopToken) : room.LeaveAsync(StopToken), room);
        foreach (IGrouping<string, EGoatDelivery> peer in unconfirmed.GroupBy(d => d.Peer))
        {
            string who = peer.Key.Length > 0 ? peer.Key : "A member that never said its name";
            WriteWarning(VisibleText.Line($"{who} has not confirmed {peer.Count():N0} messages of the room '{room.Name}'."));
        }
    }
}
