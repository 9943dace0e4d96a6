using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Waits for members of a joined room and emits them: those of a name, or so many.</summary>
/// <example>
/// <code>
/// Wait-EGoatPeer ada -Timeout 120
/// </code>
/// Waits for a member of this name, at most two minutes.
/// </example>
/// <example>
/// <code>
/// Wait-EGoatPeer -Count 3 -AcceptingFiles | Send-EGoatFile ./goat.iso
/// </code>
/// Waits until three members accept files, and sends them one.
/// </example>
/// <example>
/// <code>
/// if (-not (Wait-EGoatPeer 'build*' -ErrorAction Ignore)) { 'Nobody builds today.' }
/// </code>
/// Does something when nobody has come.
/// </example>
[Cmdlet(VerbsLifecycle.Wait, "EGoatPeer")]
[OutputType(typeof(EGoatPeer))]
public sealed class WaitEGoatPeer : EGoatCmdlet
{
    /// <summary>Names, peer ids or identities; each must be there. Wildcards are allowed.</summary>
    [Parameter(Position = 0)]
    [PeerArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>How many members must be connected.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int Count { get; set; } = 1;

    /// <summary>Only members that accept files count.</summary>
    [Parameter]
    public SwitchParameter AcceptingFiles { get; set; }

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>How long it waits, in seconds.</summary>
    [Parameter]
    [ValidateRange(0, 2592000)]
    public int Timeout { get; set; } = 30;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Room room = GetRoom(Room);
        NamePattern[] names = [.. Name.Select(n => new NamePattern(n))];
        WriteVerbose($"Waiting up to {Timeout} s for members of the room '{room.Name}'.");
        if (Await(PeerWait.RunAsync(room, IsEnough, TimeSpan.FromSeconds(Timeout), StopToken), room))
        {
            WriteObject(Find(), enumerateCollection: true);
            return;
        }

        EGoatPeer[] there = Find();
        string[] missing = [.. names.Where(n => !there.Any(n.IsPeer)).Select(n => $"'{n.Text}'")];
        string files = AcceptingFiles ? " and accepts files" : "";
        string message = missing.Length > 0 ? $"{string.Join(", ", missing)} did not come to the room '{room.Name}' within {Timeout} s."
            : $"{there.Length} of {Count} members were in the room '{room.Name}' within {Timeout} s.";
        WriteError(new ErrorRecord(new TimeoutException(VisibleText.Line(files.Length > 0 ? $"{message} Only who is there{files} counts." : message)), "PeerTimeout", ErrorCategory.OperationTimeout, missing.Length > 0 ? Name : room));

        EGoatPeer[] Find() =>
        [
            .. room.Peers.Where(p => p.State == EGoatPeerState.Connected && (p.AcceptsFiles || !AcceptingFiles) && (names.Length == 0 || names.Any(n => n.IsPeer(p)))),
        ];

        bool IsEnough()
        {
            EGoatPeer[] found = Find();
            return found.Length >= Count && names.All(n => found.Any(n.IsPeer));
        }
    }
}
