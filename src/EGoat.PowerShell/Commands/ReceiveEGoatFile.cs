using System.Management.Automation;
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
/// Receive-EGoatFile ./logs -From (Get-EGoatPeer -Name ada).Identity -Include *.log -MaxLength 500MB -Existing Overwrite
/// </code>
/// Takes log files from one identity and replaces those that are there.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatFile ./inbox -AsJob
/// </code>
/// Takes files in the background until the job is stopped; Receive-Job has what has come.
/// </example>
/// <example>
/// <code>
/// Receive-EGoatFile ./inbox -Ask -AnswerTimeout 30
/// </code>
/// Shows every offer and asks. What is not answered within half a minute is rejected, and so is what Enter answers.
/// </example>
[Cmdlet(VerbsCommunications.Receive, "EGoatFile", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatTransfer))]
public sealed class ReceiveEGoatFile : ReceivingCmdlet
{
    /// <summary>Names that a question lists.</summary>
    private const int MaxListed = 20;

    /// <summary>The folder that files go to; made if it is not there.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Destination { get; set; } = "";

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Asks about every offer; Enter means no.</summary>
    [Parameter]
    public SwitchParameter Ask { get; set; }

    /// <summary>How long a question of -Ask waits, in seconds; then the offer is rejected.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int AnswerTimeout { get; set; } = 60;

    /// <summary>Ends after so many files were delivered.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; }

    /// <summary>Ends after so many seconds.</summary>
    [Parameter]
    [ValidateRange(1, 2592000)]
    public int Timeout { get; set; }

    /// <summary>Returns a job at once; Receive-Job has the transfers, warnings and errors, Stop-Job ends it.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Room room = GetRoom(Room);
        ReceiveOptions rules = CreateRules(Destination);
        if (Ask && AsJob)
        {
            ThrowTerminatingError(new ErrorRecord(new ArgumentException("A job cannot ask: use -Ask without -AsJob, or rules such as -From and -Include."), "CannotAsk", ErrorCategory.InvalidArgument, room));
        }

        if (!ShouldProcess(VisibleText.Line($"{rules.Destination} from {(From.Length == 0 ? "everybody" : string.Join(", ", From))} in {room.Name}"), "Accept files"))
        {
            return;
        }

        var receiving = new Func<IOutput, FileReceiving>(output => new FileReceiving(room, rules, Count, TimeSpan.FromSeconds(Timeout), output)
        {
            Decide = Ask ? Decide : null,
            AnswerTimeout = TimeSpan.FromSeconds(AnswerTimeout),
        });
        if (AsJob)
        {
            var job = new TransferJob(MyInvocation.Line, room.Name, (output, stop) => receiving(output).Run(stop));
            JobRepository.Add(job);
            WriteObject(job);
            return;
        }

        receiving(this).Run(StopToken);
    }

    private FileAnswer Decide(FileOffer offer)
    {
        IEnumerable<string> names = offer.Files.Take(MaxListed).Select(f => f.IsFolder ? $"{f.Path}/" : $"{f.Path} ({(f.Length < 0 ? "?" : $"{f.Length:N0} bytes")})");
        string rest = offer.Files.Count > MaxListed ? $"\nand {offer.Files.Count - MaxListed:N0} more" : "";
        string text = VisibleText.Line($"{offer.Peer.Name} ({offer.Peer.Identity}) offers:");
        return Confirm("Receive files", $"{text}\n{string.Join('\n', names.Select(VisibleText.Line))}{rest}\nTake it?")
            ? FileAnswer.Accept
            : FileAnswer.Reject("The receiver does not want it.");
    }
}
