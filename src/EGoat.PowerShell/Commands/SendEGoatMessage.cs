using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Sends messages to the members of a joined room and emits them; with -Wait when everybody has confirmed.</summary>
/// <example>
/// <code>
/// 'backup done' | Send-EGoatMessage -Room ops -Wait
/// </code>
/// Sends a message and returns when every member has confirmed it. Each who has not is an error.
/// </example>
/// <example>
/// <code>
/// Send-EGoatMessage 'only for you' -To ada, bob
/// </code>
/// Sends a message to two members, waiting for them if they are not there yet.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatMessage | Send-EGoatMessage 'Got it.'
/// </code>
/// Answers whoever has written.
/// </example>
[Cmdlet(VerbsCommunications.Send, "EGoatMessage", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatMessage))]
public sealed class SendEGoatMessage : EGoatCmdlet
{
    /// <summary>The text. Without it each object of the pipeline is one: a string, a number, or what has a property Text.</summary>
    [Parameter(Position = 0)]
    [AllowEmptyString]
    public string? Text { get; set; }

    /// <summary>Texts; or, with -Text, the rooms, members and messages that it is sent to.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    public PSObject? InputObject { get; set; }

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter]
    [RoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to the members of these names, peer ids or identities; wildcards are allowed. Who is not there yet is waited for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [PeerArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] To { get; set; } = [];

    /// <summary>Waits until every member has confirmed.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long it waits for members that -To names, and -Wait for confirmations, in seconds.</summary>
    [Parameter]
    [ValidateRange(0, 86400)]
    public int Timeout { get; set; } = 30;

    /// <summary>With nobody to send to nothing is sent, and that is no error.</summary>
    [Parameter]
    public SwitchParameter AllowNoReceiver { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Text is null && !MyInvocation.ExpectingInput && InputObject is null)
        {
            ThrowTerminatingError(new ErrorRecord(new ArgumentException("There is no text to send. Give one: Send-EGoatMessage TEXT"), "NoText", ErrorCategory.InvalidArgument, null));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is null)
        {
            Send(Text ?? "", Room, To);
            return;
        }

        if (Text is not null)
        {
            SendTo(InputObject.BaseObject, Text);
        }
        else if (PipelineText.Find(InputObject) is { } text)
        {
            Send(text, Room ?? (InputObject.BaseObject is PSCustomObject ? InputObject.Properties["Room"]?.Value?.ToString() : null), To);
        }
        else
        {
            WriteError(Errors.NotUsable("The object has no text: it is neither a string nor a number and has no property Text. Convert it first, with Out-String or ConvertTo-Json.", InputObject));
        }
    }

    private void SendTo(object item, string text)
    {
        switch (item)
        {
            case EGoatRoom room:
                Send(text, room.Id, To);
                break;
            case EGoatPeer peer:
                Send(text, Room ?? peer.Room, [peer.Id]);
                break;
            case EGoatMessage message:
                Send(text, Room ?? message.Room, [message.FromIdentity]);
                break;
            default:
                WriteError(Errors.NotUsable("With -Text the pipeline has rooms, members or messages to send it to.", item));
                break;
        }
    }

    private void Send(string text, string? roomName, string[] to)
    {
        if (text.Length == 0)
        {
            return;
        }

        Room room = GetRoom(roomName);
        if (!ShouldProcess(to.Length == 0 ? room.Name : $"{string.Join(", ", to.Select(VisibleText.Line))} in {room.Name}", "Send a message"))
        {
            return;
        }

        var receivers = new Receivers(room, to, acceptingFiles: false);
        if (!receivers.Look())
        {
            WriteVerbose($"Waiting up to {Timeout} s for {string.Join(", ", receivers.Missing)} in the room '{room.Name}'.");
            Await(receivers.WaitAsync(TimeSpan.FromSeconds(Timeout), StopToken), room);
        }

        if (!AllowNoReceiver)
        {
            foreach (string missing in receivers.Missing)
            {
                WriteError(Errors.NobodyNamed(room, missing, acceptingFiles: false));
            }

            if (to.Length == 0 && receivers.Found.Count == 0)
            {
                WriteError(Errors.NobodyThere(room, acceptingFiles: false));
            }
        }

        if (receivers.Found.Count > 0)
        {
            // To everybody: also to who comes between looking and sending.
            Send(room, text, to.Length == 0 ? [] : [.. receivers.Found.Select(p => p.Id)]);
        }
    }

    private void Send(Room room, string text, IReadOnlyList<string> to)
    {
        SentMessage sent;
        try
        {
            sent = WaitFor(room.SendTextAsync(text, to, StopToken));
        }
        catch (Exception e) when (Errors.From(e, text) is { } error)
        {
            WriteError(error);
            return;
        }

        WriteVerbose($"Sent to {string.Join(", ", sent.Recipients.Select(p => VisibleText.Line(p.Name.Length > 0 ? p.Name : p.Id)))}.");
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
