using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets transfers, oldest first: those that have ended, from the history, and then those that are under way.</summary>
/// <example>
/// <code>
/// Get-EGoatTransfer -State Failed -Since (Get-Date).Date
/// </code>
/// What has failed today.
/// </example>
/// <example>
/// <code>
/// Get-EGoatTransfer -Active | Format-Table Name, Peer, BytesTransferred, Rate
/// </code>
/// What is under way.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatTransfer", SupportsPaging = true)]
[OutputType(typeof(EGoatTransfer))]
public sealed class GetEGoatTransfer : EGoatCmdlet
{
    /// <summary>Only of this room; without it of all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [HistoryRoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to or from this identity or name.</summary>
    [Parameter]
    [HistoryPeerArgument]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string? Peer { get; set; }

    /// <summary>Only since this time.</summary>
    [Parameter]
    [TimeArgument]
    public DateTime? Since { get; set; }

    /// <summary>Only before this time.</summary>
    [Parameter]
    [TimeArgument]
    public DateTime? Until { get; set; }

    /// <summary>Only those that are under way.</summary>
    [Parameter]
    public SwitchParameter Active { get; set; }

    /// <summary>Only in these states.</summary>
    [Parameter]
    public EGoatTransferState[] State { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<EGoatTransfer> transfers = Active ? FindActive() : FindEnded().Concat(FindActive());
        if (State.Length > 0)
        {
            transfers = transfers.Where(t => State.Contains(t.State));
        }

        if (PagingParameters is { } paging)
        {
            transfers = transfers.Skip((int)Math.Min(paging.Skip, int.MaxValue)).Take((int)Math.Min(paging.First, int.MaxValue));
        }

        foreach (EGoatTransfer transfer in transfers)
        {
            WriteObject(transfer);
        }
    }

    private IEnumerable<EGoatTransfer> FindActive() => GetNode().Rooms
        .Where(r => Room is null || r.Name.Equals(Room, StringComparison.OrdinalIgnoreCase))
        .SelectMany(r => r.Transfers)
        .Where(t => !t.IsEnded && (Peer is null || t.PeerIdentity == Peer || t.Peer.Equals(Peer, StringComparison.OrdinalIgnoreCase)))
        .Where(t => (Since is null || t.Started >= new DateTimeOffset(Since.Value)) && (Until is null || t.Started < new DateTimeOffset(Until.Value)));

    private IEnumerable<EGoatTransfer> FindEnded()
    {
        var query = new HistoryQuery
        {
            Room = Room,
            Peer = Peer,
            Since = Since is { } since ? new DateTimeOffset(since) : null,
            Until = Until is { } until ? new DateTimeOffset(until) : null,
        };
        IAsyncEnumerator<EGoatTransfer> rows = GetNode().History.QueryTransfersAsync(query, StopToken).GetAsyncEnumerator(StopToken);
        try
        {
            while (Await(rows.MoveNextAsync().AsTask()))
            {
                yield return rows.Current;
            }
        }
        finally
        {
            rows.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
