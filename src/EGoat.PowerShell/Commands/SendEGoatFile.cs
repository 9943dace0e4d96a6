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
/// Sends files to one member, at 10 MiB a second at most.
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

    /// <summary>Files, and folders with -Recurse; wildcards are resolved.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files and folders as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A text that is sent as a file, in UTF-8.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Text")]
    public string Text { get; set; } = "";

    /// <summary>The name of the file that -Text becomes.</summary>
    [Parameter(ParameterSetName = "Text")]
    public string FileName { get; set; } = "text.txt";

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to the members of these peer ids, identities or names.</summary>
    [Parameter]
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

    /// <summary>Serves members too that come within so many seconds.</summary>
    [Parameter]
    [ValidateRange(0, 86400)]
    public int JoinWindow { get; set; }

    /// <summary>The most bytes per second, all receivers together, as <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? MaxRate { get; set; }

    /// <summary>Returns a job at once; Receive-Job has the transfers, warnings and errors, Stop-Job cancels them.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in ParameterSetName == "LiteralPath" ? LiteralPath : Path)
        {
            try
            {
                Add(path);
            }
            catch (ItemNotFoundException e)
            {
                WriteError(Errors.FileNotFound(e, path));
            }
        }
    }

    private void Add(string path)
    {
        ProviderInfo provider;
        ICollection<string> files = ParameterSetName == "LiteralPath"
            ? [SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _)]
            : GetResolvedProviderPathFromPSPath(path, out provider);
        if (!IsFileSystem(provider))
        {
            WriteError(Errors.NotInFileSystem(path));
        }
        else if (files.FirstOrDefault(f => !System.IO.Path.Exists(f)) is { } missing)
        {
            throw new ItemNotFoundException($"Cannot find the file '{missing}'.");
        }
        else
        {
            _files.AddRange(files);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_files.Count == 0 && ParameterSetName != "Text")
        {
            return;
        }

        Room room = GetRoom(Room);
        if (!ShouldProcess(room.Name, ParameterSetName == "Text" ? $"Send the file {FileName}" : $"Send {_files.Count} files"))
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
            Content = ParameterSetName == "Text" ? new MemoryStream(Encoding.UTF8.GetBytes(Text)) : null,
            ContentName = FileName,
            To = To,
            JoinWindow = TimeSpan.FromSeconds(JoinWindow),
            MaxRate = MaxRate,
        };
        if (AsJob)
        {
            var job = new TransferJob(MyInvocation.Line, room.Name, (output, stop) => new FileSending(room, options, output).Run(stop));
            JobRepository.Add(job);
            WriteObject(job);
            return;
        }

        Guard(() => new FileSending(room, options, this).Run(StopToken), room);
    }
}
