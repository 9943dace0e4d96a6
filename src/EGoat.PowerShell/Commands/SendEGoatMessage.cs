using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Sends messages to the members of a joined room and emits them; with -Wait when everybody has confirmed.</summary>
/// <example>
/// <code>
/// 'backup done' | Send-EGoatMessage -Room ops -Wait
/// </code>
/// Sends a message and returns when every member has confirmed it.
/// </example>
/// <example>
/// <code>
/// Send-EGoatMessage 'only for you' -To ada
/// </code>
/// Sends a message to one member.
/// </example>
[Cmdlet(VerbsCommunications.Send, "EGoatMessage", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatMessage))]
public sealed class SendEGoatMessage : EGoatCmdlet
{
    /// <summary>The text.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyString]
    public string Text { get; set; } = "";

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to the member of this peer id, identity or name.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string? To { get; set; }

    /// <summary>Waits until every member has confirmed.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long -Wait waits, in seconds. Default 30.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int Timeout { get; set; } = 30;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Text.Length == 0)
        {
            return;
        }

        Room room = GetRoom(Room);
        if (!ShouldProcess(room.Name, "Send a message"))
        {
            return;
        }

        if (room.Peers.Count == 0)
        {
            WriteWarning($"Nobody else is in the room '{room.Name}'; the message was not sent.");
            return;
        }

        SentMessage sent = Await(room.SendTextAsync(Text, To, StopToken), room);
        if (Wait)
        {
            foreach (EGoatDelivery delivery in WaitFor(sent.WaitAsync(TimeSpan.FromSeconds(Timeout), StopToken)).Where(d => d.State != EGoatDeliveryState.Confirmed))
            {
                WriteError(Errors.MessageNotConfirmed(delivery));
            }
        }

        WriteObject(sent.Message);
    }
}
