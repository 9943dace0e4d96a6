using System.Management.Automation;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.PowerShell.Commands;

/// <summary>
/// Joins a room and emits every received message until Ctrl+C, -Count or -Timeout; or returns the room at once and stays
/// joined with -Background.
/// </summary>
/// <example>
/// <code>
/// Join-EGoatRoom lobby -Server http://127.0.0.1:4747 | ForEach-Object Text
/// </code>
/// Shows what is said in the room until Ctrl+C.
/// </example>
/// <example>
/// <code>
/// Join-EGoatRoom lobby -Server $url -Background
/// Send-EGoatMessage hello
/// </code>
/// Stays joined, so that other commands can use the room.
/// </example>
/// <example>
/// <code>
/// Join-EGoatRoom backup -Server $url -Destination ./inbox -Count 1
/// </code>
/// Accepts files into a folder and ends with the first message or file.
/// </example>
[Cmdlet(VerbsCommon.Join, "EGoatRoom", DefaultParameterSetName = "Stream")]
[OutputType(typeof(EGoatMessage), ParameterSetName = ["Stream"])]
[OutputType(typeof(EGoatRoom), ParameterSetName = ["Background"])]
public sealed class JoinEGoatRoom : EGoatCmdlet
{
    private Room? _room;

    /// <summary>The room's name.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Room { get; set; } = "";

    /// <summary>The signaling server's URL.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Url")]
    public Uri Server { get; set; } = null!;

    /// <summary>The name that others see.</summary>
    [Parameter]
    public string DisplayName { get; set; } = EGoatNode.DefaultDisplayName;

    /// <summary>The folder that files are received into; without it they are rejected. Finished transfers are emitted too.</summary>
    [Parameter]
    public string? Destination { get; set; }

    /// <summary>STUN and TURN servers to use instead of those that the signaling server names, as <c>turn:USER:PASSWORD@HOST</c>.</summary>
    [Parameter]
    public string[]? IceServer { get; set; }

    /// <summary>Peers are reached through TURN servers only, and never learn this machine's addresses.</summary>
    [Parameter]
    public SwitchParameter RelayOnly { get; set; }

    /// <summary>Ends after so many messages.</summary>
    [Parameter(ParameterSetName = "Stream")]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; }

    /// <summary>Ends after so many seconds.</summary>
    [Parameter(ParameterSetName = "Stream")]
    [ValidateRange(1, 86400)]
    public int Timeout { get; set; }

    /// <summary>Returns the room at once and stays joined.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Background")]
    public SwitchParameter Background { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var options = new RoomOptions
        {
            Server = Server,
            Room = Room,
            DisplayName = DisplayName,
            RelayOnly = RelayOnly,
            IceServers = IceServer is null ? null : ParseIceServers(IceServer),
            Receive = Destination is null ? null : new ReceiveOptions { Destination = GetFolder(Destination) },
        };
        Room room = Await(GetNode().JoinAsync(options, StopToken), Room);
        WriteWarning($"The room '{room.Name}' is open: whoever knows its name and server can join it.");
        if (Background)
        {
            WriteObject(room);
            return;
        }

        _room = room;
        using RoomSubscription subscription = room.Subscribe();
        new EventStream(this, Count, Timeout, withTransfers: Destination is not null).Run(subscription, StopToken);
        WaitFor(LeaveAsync());
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            LeaveAsync().GetAwaiter().GetResult();
        }

        base.Dispose(disposing);
    }

    private async Task LeaveAsync()
    {
        if (Interlocked.Exchange(ref _room, null) is { } room)
        {
            await room.LeaveAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
