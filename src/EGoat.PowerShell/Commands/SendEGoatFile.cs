using System.Management.Automation;
using System.Text;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>
/// Sends files and folders to members of a joined room that accept files; emits a transfer for each file and receiver when it
/// has ended, and an error for each that was not delivered when all have. A transfer goes on by itself when the connection is
/// lost, and sending the same thing again sends only the rest.
/// </summary>
/// <example>
/// <code>
/// Send-EGoatFile ./goat.iso -Room lobby
/// </code>
/// Sends a file to everybody in the room who accepts files. When it is cut off, the same command later sends only the rest.
/// </example>
/// <example>
/// <code>
/// Get-ChildItem *.log | Send-EGoatFile -To ada -MaxRate 10MB
/// </code>
/// Sends files to one member, at 10 MiB a second at most, and waits for that member if need be.
/// </example>
/// <example>
/// <code>
/// Send-EGoatFile ./site -Recurse -Exclude *.tmp, .git -AsJob | Wait-Job | Receive-Job
/// </code>
/// Sends a folder in the background. The job has failed when a file was not delivered, and its error says which.
/// </example>
/// <example>
/// <code>
/// try { Send-EGoatFile ./goat.iso -ErrorAction Stop } catch [EGoat.EGoatTransferException] { $_.Exception.Transfer }
/// </code>
/// Handles a file that was not delivered.
/// </example>
[Cmdlet(VerbsCommunications.Send, "EGoatFile", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatTransfer))]
public sealed class SendEGoatFile : EGoatCmdlet
{
    private readonly List<string> _files = [];

    /// <summary>Members that came through the pipeline, by peer id.</summary>
    private readonly List<string> _receivers = [];

    /// <summary>Files, and folders with -Recurse; wildcards are resolved.</summary>
    [Parameter(Position = 0, ParameterSetName = "Path")]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>Files and folders as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP", "FullName")]
    public string[]? LiteralPath { get; set; }

    /// <summary>A text that is sent as a file, in UTF-8.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Text")]
    public string? Text { get; set; }

    /// <summary>The name of the file that -Text becomes.</summary>
    [Parameter(ParameterSetName = "Text")]
    public string FileName { get; set; } = "text.txt";

    /// <summary>
    /// Files, paths, transfers, or objects with a property LiteralPath, PSPath, FullName or Path; where the files are named by another
    /// parameter, the rooms and members that they are sent to.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter]
    [RoomArgument]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to the members of these names, peer ids or identities; wildcards are allowed. Who is not there yet is waited for.</summary>
    [Parameter]
    [PeerArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] To { get; set; } = [];

    /// <summary>Sends folders with everything in them.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Follows symbolic links in a folder that stay inside it; without it links are skipped.</summary>
    [Parameter]
    public SwitchParameter FollowSymlink { get; set; }

    /// <summary>Only files of these patterns, as <c>*.log</c> or <c>logs/2026*</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>No files and folders of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <summary>How long it waits for members that -To names, or that are just connecting, in seconds. If it is given, a receiver may also be without a sign of life for so long.</summary>
    [Parameter]
    [ValidateRange(0, 86400)]
    public int Timeout { get; set; } = 30;

    /// <summary>Serves members too that come within so many seconds.</summary>
    [Parameter]
    [ValidateRange(0, 86400)]
    public int JoinWindow { get; set; }

    /// <summary>With nobody to send to nothing is sent, and that is no error.</summary>
    [Parameter]
    public SwitchParameter AllowNoReceiver { get; set; }

    /// <summary>The most bytes per second, all receivers together, as <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? MaxRate { get; set; }

    /// <summary>Returns a job at once; Receive-Job has the transfers, warnings and errors, Stop-Job cancels them.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    private bool NamesFiles => Path is not null || LiteralPath is not null || Text is not null;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (!NamesFiles && !MyInvocation.ExpectingInput && InputObject is null)
        {
            ThrowTerminatingError(new ErrorRecord(new ArgumentException("There is no file to send. Name one: Send-EGoatFile PATH"), "NoFile", ErrorCategory.InvalidArgument, null));
        }

        var paths = new SourcePaths(this, Recurse);
        _files.AddRange((Path ?? []).SelectMany(p => paths.Resolve(p, isLiteralFirst: false)));
        _files.AddRange((LiteralPath ?? []).SelectMany(paths.ResolveLiteral));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is null)
        {
            return;
        }

        if (!NamesFiles)
        {
            _files.AddRange(new SourcePaths(this, Recurse).Resolve(InputObject));
            return;
        }

        switch (InputObject.BaseObject)
        {
            case EGoatRoom room:
                Room = room.Id;
                break;
            case EGoatPeer peer:
                Room ??= peer.Room;
                _receivers.Add(peer.Id);
                break;
            case EGoatMessage message:
                Room ??= message.Room;
                _receivers.Add(message.FromIdentity);
                break;
            default:
                WriteError(Errors.NotUsable("With -Path, -LiteralPath or -Text the pipeline has rooms, members or messages to send the files to.", InputObject));
                break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_files.Count == 0 && Text is null)
        {
            return; // each path has had its error, or the pipeline was empty
        }

        if (MyInvocation.ExpectingInput && NamesFiles && _receivers.Count == 0 && To.Length == 0 && Room is null)
        {
            return; // nobody came through the pipeline
        }

        Room joined = GetRoom(Room);
        string[] to = [.. To, .. _receivers.Distinct()];
        string what = Text is not null ? FileName : _files.Count == 1 ? _files[0] : $"{_files.Count} files: {string.Join(", ", _files.Take(5))}{(_files.Count > 5 ? ", …" : "")}";
        string whom = to.Length == 0 ? joined.Name : $"{string.Join(", ", Names(joined, to))} in {joined.Name}";
        if (!ShouldProcess(VisibleText.Line($"{what} to {whom}"), "Send"))
        {
            return;
        }

        var options = new SendFileOptions
        {
            Paths = _files,
            Recurse = Recurse,
            FollowSymlink = FollowSymlink,
            Include = Include,
            Exclude = Exclude,
            Content = Text is null ? null : new MemoryStream(Encoding.UTF8.GetBytes(Text)),
            ContentName = FileName,
            JoinWindow = TimeSpan.FromSeconds(JoinWindow),
            Timeout = Timeout > 0 && MyInvocation.BoundParameters.ContainsKey(nameof(Timeout)) ? TimeSpan.FromSeconds(Timeout) : null,
            MaxRate = MaxRate,
        };
        var sending = new FileSendingOptions(options, to, TimeSpan.FromSeconds(Timeout), AllowNoReceiver);
        if (AsJob)
        {
            var job = new TransferJob(MyInvocation.Line, joined.Name, (output, stop) => new FileSending(joined, sending, output).Run(stop));
            JobRepository.Add(job);
            WriteObject(job);
            return;
        }

        Guard(() => new FileSending(joined, sending, this).Run(StopToken), joined);
    }

    private static IEnumerable<string> Names(Room room, IEnumerable<string> to) =>
        to.Select(t => room.Peers.FirstOrDefault(p => p.Id == t || p.Identity == t) is { Name.Length: > 0 } peer ? peer.Name : t);
}
