using System.Management.Automation;

namespace EGoat.PowerShell.Commands;

/// <summary>Gets messages from the history, oldest first.</summary>
/// <example>
/// <code>
/// Get-EGoatHistory lobby -Text goat -Newest -First 10
/// </code>
/// The last ten messages with a word.
/// </example>
/// <example>
/// <code>
/// Get-EGoatHistory -Since (Get-Date).AddDays(-1) | Export-Csv day.csv
/// </code>
/// Everything that was said since yesterday, as a table.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatHistory", SupportsPaging = true)]
[OutputType(typeof(EGoatMessage))]
public sealed class GetEGoatHistory : EGoatCmdlet
{
    /// <summary>Only of this room.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [HistoryRoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only from this identity or name.</summary>
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

    /// <summary>Only messages with these words.</summary>
    [Parameter]
    public string? Text { get; set; }

    /// <summary>Newest first.</summary>
    [Parameter]
    public SwitchParameter Newest { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var query = new HistoryQuery
        {
            Room = Room,
            Peer = Peer,
            Text = Text,
            NewestFirst = Newest,
            Since = Since is { } since ? new DateTimeOffset(since) : null,
            Until = Until is { } until ? new DateTimeOffset(until) : null,
            Skip = (int)Math.Min(PagingParameters?.Skip ?? 0, int.MaxValue),
            Take = PagingParameters is { First: < int.MaxValue } paging ? (int)paging.First : null,
        };
        IAsyncEnumerator<EGoatMessage> rows = GetNode().History.QueryMessagesAsync(query, StopToken).GetAsyncEnumerator(StopToken);
        try
        {
            while (Await(rows.MoveNextAsync().AsTask()))
            {
                WriteObject(rows.Current);
            }
        }
        finally
        {
            rows.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
