using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Emits the messages of a joined room that came since the last call; with -Wait also those that come.</summary>
/// <example>
/// <code>
/// Receive-EGoatMessage
/// </code>
/// The messages that have come since the last call.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatMessage -Wait | Where-Object Text -match alarm | Select-Object -First 1
/// </code>
/// Waits for a message that matters.
/// </example>
[Cmdlet(VerbsCommunications.Receive, "EGoatMessage")]
[OutputType(typeof(EGoatMessage))]
public sealed class ReceiveEGoatMessage : EGoatCmdlet
{
    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Waits for messages until Ctrl+C, -Count or -Timeout.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>Ends after so many messages.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; }

    /// <summary>Ends after so many seconds.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Room room = GetRoom(Room);
        int left = Count == 0 ? int.MaxValue : Count;
        while (left > 0 && room.Unread.TryTake(out EGoatMessage? message))
        {
            WriteObject(message);
            left--;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        if (Timeout > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(Timeout));
        }

        try
        {
            while (Wait && left > 0 && WaitFor(room.Unread.TakeAsync(limit.Token).AsTask()) is { } message)
            {
                WriteObject(message);
                left--;
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }
}
