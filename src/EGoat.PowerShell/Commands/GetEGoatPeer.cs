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
/// Get-EGoatPeer -Name build* | Send-EGoatMessage 'Coffee?'
/// </code>
/// Writes to those whose names begin so.
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
    /// <summary>Only of these rooms; without it of all. Names, ids or rooms; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string[] Room { get; set; } = [];

    /// <summary>Only members of these names, peer ids or identities; wildcards are allowed.</summary>
    [Parameter(Position = 1)]
    [PeerArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        EGoatPeer[] peers = [.. GetRooms(Room).SelectMany(r => r.Peers)];
        NamePattern[] names = [.. Name.Select(n => new NamePattern(n))];
        foreach (NamePattern name in names.Where(n => !n.HasWildcard && !peers.Any(n.IsPeer)))
        {
            WriteError(new ErrorRecord(new ItemNotFoundException(VisibleText.Line($"Nobody is '{name.Text}' in the joined rooms.")), "PeerNotFound", ErrorCategory.ObjectNotFound, name.Text));
        }

        WriteObject(peers.Where(p => names.Length == 0 || names.Any(n => n.IsPeer(p))), enumerateCollection: true);
    }
}
