using System.Management.Automation;
using System.Threading.Channels;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>
/// Accepts files of a joined room into a folder, by rules, and emits every transfer that has ended, with an error if it failed,
/// until Ctrl+C, -Count or -Timeout. What the room accepted before, it accepts again afterwards.
/// </summary>
/// <example>
/// <code>
/// Receive-EGoatFile ./inbox -Count 1 -Timeout 600
/// </code>
/// Takes one file, from anybody in the room, for at most ten minutes.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatFile ./logs -From (Get-EGoatPeer | Where-Object Name -eq ada).Identity -Include *.log -MaxLength 500MB -Existing Overwrite
/// </code>
/// Takes log files from one identity and replaces those that are there.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatFile ./inbox -Ask
/// </code>
/// Shows every offer and asks.
/// </example>
[Cmdlet(VerbsCommunications.Receive, "EGoatFile")]
[OutputType(typeof(EGoatTransfer))]
public sealed class ReceiveEGoatFile : EGoatCmdlet
{
    /// <summary>Names that a question lists.</summary>
    private const int MaxListed = 20;

    /// <summary>Events and questions for the pipeline thread.</summary>
    private readonly Channel<object> _incoming = Channel.CreateBounded<object>(1024);

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>The folder that files go to; made if it is not there.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Destination { get; set; } = "";

    /// <summary>Only from members of these peer ids, identities or names. A name can be taken by anybody, an identity cannot.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] From { get; set; } = [];

    /// <summary>Only files of these patterns, as <c>*.log</c> or <c>logs/2026*</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>No files and folders of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <summary>The longest file, as <c>500MB</c>.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MaxLength { get; set; }

    /// <summary>The most bytes that are written in all, as <c>20GB</c>.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MaxTotalLength { get; set; }

    /// <summary>The most bytes per second, all senders together, as <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? MaxRate { get; set; }

    /// <summary>How many transfers run at once; the next waits for its turn.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int MaxParallel { get; set; } = ReceiveOptions.DefaultMaxParallel;

    /// <summary>What happens to a file that is there already; an identical one counts as delivered.</summary>
    [Parameter]
    [ValidateSet("Rename", "Skip", "Overwrite", "Fail")]
    public string Existing { get; set; } = "Rename";

    /// <summary>The same as -Existing Overwrite.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Asks about every offer.</summary>
    [Parameter]
    public SwitchParameter Ask { get; set; }

    /// <summary>Ends after so many files were delivered.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; }

    /// <summary>Ends after so many seconds.</summary>
    [Parameter]
    [ValidateRange(1, 2592000)]
    public int Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Room room = GetRoom(Room);
        ReceiveOptions? before = room.Receive;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        if (Timeout > 0)
        {
            ended.CancelAfter(TimeSpan.FromSeconds(Timeout));
        }

        using RoomSubscription events = room.Subscribe();
        Task pumping = PumpAsync(events, ended.Token);
        room.SetReceive(CreateOptions());
        try
        {
            Run(ended.Token);
        }
        finally
        {
            room.SetReceive(before);
            ended.Cancel();
            pumping.GetAwaiter().GetResult();
        }
    }

    private ReceiveOptions CreateOptions() => new()
    {
        Destination = GetFolder(Destination),
        From = From,
        Include = Include,
        Exclude = Exclude,
        MaxLength = MaxLength,
        MaxTotalLength = MaxTotalLength,
        MaxRate = MaxRate,
        MaxParallel = MaxParallel,
        Existing = Force ? ExistingFile.Overwrite : Enum.Parse<ExistingFile>(Existing, ignoreCase: true),
        Ask = Ask ? AskAsync : null,
    };

    private async Task PumpAsync(RoomSubscription events, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                await _incoming.Writer.WriteAsync(e, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The command is over.
        }

        _incoming.Writer.TryComplete();
    }

    private void Run(CancellationToken cancellationToken)
    {
        var view = new TransferProgressView($"Receiving into {Destination}", null, null, TimeProvider.System, WriteProgress);
        int delivered = 0;
        try
        {
            while ((Count == 0 || delivered < Count) && WaitFor(_incoming.Reader.WaitToReadAsync(cancellationToken).AsTask()))
            {
                while ((Count == 0 || delivered < Count) && _incoming.Reader.TryRead(out object? item))
                {
                    delivered += Handle(item, view) ? 1 : 0;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
        finally
        {
            view.Complete();
        }
    }

    // True when a file was delivered.
    private bool Handle(object item, TransferProgressView view)
    {
        switch (item)
        {
            case Question question:
                question.Answer.TrySetResult(Decide(question.Offer));
                return false;
            case RoomTransferChanged { Transfer: { Direction: EGoatDirection.Received } transfer }:
                view.Show(transfer);
                if (transfer.IsEnded)
                {
                    WriteObject(transfer);
                    if (Errors.From(transfer) is { } error)
                    {
                        WriteError(error);
                    }
                }

                return transfer.State == EGoatTransferState.Completed;
            case RoomWarning warning:
                WriteWarning(warning.Text);
                return false;
            default:
                return false;
        }
    }

    private FileAnswer Decide(FileOffer offer)
    {
        IEnumerable<string> names = offer.Files.Take(MaxListed).Select(f => f.IsFolder ? $"{f.Path}/" : $"{f.Path} ({(f.Length < 0 ? "?" : $"{f.Length:N0} bytes")})");
        string rest = offer.Files.Count > MaxListed ? $"\nand {offer.Files.Count - MaxListed:N0} more" : "";
        string text = VisibleText.Line($"{offer.Peer.Name} ({offer.Peer.Identity}) offers:");
        return ShouldContinue($"{text}\n{string.Join('\n', names.Select(VisibleText.Line))}{rest}\nTake it?", "Receive files")
            ? FileAnswer.Accept
            : FileAnswer.Reject("The receiver does not want it.");
    }

    private async Task<FileAnswer> AskAsync(FileOffer offer, CancellationToken cancellationToken)
    {
        var question = new Question(offer);
        await _incoming.Writer.WriteAsync(question, cancellationToken).ConfigureAwait(false);
        return await question.Answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private sealed record Question(FileOffer Offer)
    {
        public TaskCompletionSource<FileAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
