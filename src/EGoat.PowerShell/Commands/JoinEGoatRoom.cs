using System.Collections.Concurrent;
using System.Diagnostics;
using System.Management.Automation;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.PowerShell.Commands;

/// <summary>
/// Joins a room and emits every received message until Ctrl+C, -Count or -Timeout; or returns the room at once and stays
/// joined with -Background. A room that is joined already is not joined again.
/// </summary>
/// <example>
/// <code>
/// Join-EGoatRoom lobby -Server http://127.0.0.1:4747 | ForEach-Object Text
/// </code>
/// Shows what is said in the room until Ctrl+C.
/// </example>
/// <example>
/// <code>
/// Join-EGoatRoom lobby -Server $url -Background -WaitForPeer 1
/// Send-EGoatMessage hello
/// </code>
/// Stays joined, so that other commands can use the room, and goes on when somebody else is there.
/// </example>
/// <example>
/// <code>
/// Join-EGoatRoom backup -Server $url -Destination ./inbox -Include *.zip -MaxLength 2GB -Count 1
/// </code>
/// Accepts archives into a folder and ends with the first message or file.
/// </example>
[Cmdlet(VerbsCommon.Join, "EGoatRoom", DefaultParameterSetName = "Stream")]
[OutputType(typeof(EGoatMessage), ParameterSetName = ["Stream"])]
[OutputType(typeof(EGoatRoom), ParameterSetName = ["Background"])]
public sealed class JoinEGoatRoom : ReceivingCmdlet
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Rooms of which it was said that they are open.</summary>
    private static readonly ConcurrentDictionary<string, bool> Told = new(StringComparer.Ordinal);

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

    /// <summary>
    /// In seconds: how long a server that is not up yet is tried, and -WaitForPeer waits (default 30). Without -Background it all ends
    /// after so long, if it is given.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 2592000)]
    public int Timeout { get; set; }

    /// <summary>Returns the room at once and stays joined.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Background")]
    public SwitchParameter Background { get; set; }

    /// <summary>Returns when so many members are connected.</summary>
    [Parameter(ParameterSetName = "Background")]
    [ValidateRange(0, 1000)]
    public int WaitForPeer { get; set; }

    private TimeSpan JoinTimeout => Timeout > 0 ? TimeSpan.FromSeconds(Timeout) : DefaultTimeout;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        long started = Stopwatch.GetTimestamp();
        RoomOptions options = CreateOptions();
        Room? joined = GetNode().Rooms.FirstOrDefault(r => r.Name == options.Room && IsSameServer(r.Server, Server));
        Room room = joined ?? Join(options);

        // Whoever ends the command meanwhile does not want it joined.
        _room = joined is null ? room : null;
        if (joined is not null)
        {
            WriteVerbose($"The room '{room.Name}' is joined already.");
            Update(joined, options);
        }

        if (Told.TryAdd($"{Server.GetLeftPart(UriPartial.Path)} {room.Name}", true))
        {
            WriteWarning($"The room '{room.Name}' is open: whoever knows its name and server can join it.");
        }

        if (Background)
        {
            WaitForPeers(room, JoinTimeout - Stopwatch.GetElapsedTime(started));
            _room = null;
            WriteObject(room);
            return;
        }

        int left = Timeout == 0 ? 0 : Math.Max(1, Timeout - (int)Stopwatch.GetElapsedTime(started).TotalSeconds);
        using (RoomSubscription subscription = room.Subscribe())
        {
            new EventStream(this, Count, left, withTransfers: Destination is not null).Run(subscription, StopToken);
        }

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

    private RoomOptions CreateOptions()
    {
        if (!RoomName.TryParse(Room, out string name))
        {
            string message = $"'{VisibleText.Line(Room)}' is not a room name: it has 1 to {RoomName.MaxLength} letters, digits, '-', '_' or '.'.";
            ThrowTerminatingError(new ErrorRecord(new ArgumentException(message), "InvalidRoomName", ErrorCategory.InvalidArgument, Room));
        }

        if (!Server.IsAbsoluteUri || Server.Scheme is not ("http" or "https"))
        {
            string message = $"'{VisibleText.Line(Server.OriginalString)}' is not the URL of a signaling server, as http://127.0.0.1:4747 is.";
            ThrowTerminatingError(new ErrorRecord(new ArgumentException(message), "InvalidServer", ErrorCategory.InvalidArgument, Server));
        }

        string[] rules = ["From", "Include", "Exclude", "MaxLength", "MaxTotalLength", "MaxRate", "MaxParallel", "Existing", "Force"];
        if (Destination is null && rules.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey) is { } rule)
        {
            ThrowTerminatingError(new ErrorRecord(new ArgumentException($"-{rule} is a rule for files that are received: it needs -Destination."), "DestinationMissing", ErrorCategory.InvalidArgument, rule));
        }

        return new RoomOptions
        {
            Server = Server,
            Room = name,
            DisplayName = DisplayName,
            RelayOnly = RelayOnly,
            IceServers = IceServer is null ? null : ParseIceServers(IceServer),
            Receive = Destination is null ? null : CreateRules(Destination),
        };
    }

    // A server that is not up yet is tried until the time is over.
    private Room Join(RoomOptions options)
    {
        var retrying = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        WriteVerbose($"Joining the room '{options.Room}' on {Server.GetLeftPart(UriPartial.Path)}.");
        try
        {
            Task<Room> joining = GetNode().JoinAsync(options with { Patience = JoinTimeout, Retrying = reason => retrying.TrySetResult(reason) }, StopToken);
            if (WaitFor(Task.WhenAny(joining, retrying.Task)) == retrying.Task)
            {
                WriteWarning($"{Remedy.InPowerShell(WaitFor(retrying.Task))} It is tried for {JoinTimeout.TotalSeconds:0} s.");
            }

            return WaitFor(joining);
        }
        catch (Exception e) when (Errors.From(e, Room) is { } error)
        {
            ThrowTerminatingError(error);
            throw;
        }
    }

    private static bool IsSameServer(Uri one, Uri other) => Uri.Compare(one, other, UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private void Update(Room room, RoomOptions options)
    {
        if (options.Receive is not null)
        {
            room.SetReceive(options.Receive);
        }

        if (MyInvocation.BoundParameters.ContainsKey("DisplayName") && DisplayName != room.DisplayName)
        {
            WriteWarning($"You are '{VisibleText.Line(room.DisplayName)}' in the room '{room.Name}' until you leave it with Exit-EGoatRoom.");
        }
    }

    private void WaitForPeers(Room room, TimeSpan timeout)
    {
        if (WaitForPeer == 0)
        {
            return;
        }

        WriteVerbose($"Waiting for {WaitForPeer} members of the room '{room.Name}'.");
        if (!Await(PeerWait.RunAsync(room, () => Count() >= WaitForPeer, timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, StopToken), room))
        {
            string message = $"{Count()} of {WaitForPeer} members were in the room '{room.Name}' within {JoinTimeout.TotalSeconds:0} s. It stays joined.";
            WriteError(new ErrorRecord(new TimeoutException(message), "PeerTimeout", ErrorCategory.OperationTimeout, room));
        }

        int Count() => room.Peers.Count(p => p.State == EGoatPeerState.Connected);
    }

    private async Task LeaveAsync()
    {
        if (Interlocked.Exchange(ref _room, null) is { } room)
        {
            await room.LeaveAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
