using System.Collections.ObjectModel;
using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Sends files to all members of a joined room that accept files; emits a transfer for each file and receiver when it has ended.</summary>
[Cmdlet(VerbsCommunications.Send, "EGoatFile", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(EGoatTransfer))]
public sealed class SendEGoatFile : EGoatCmdlet
{
    private readonly List<string> _files = [];

    /// <summary>Files; wildcards are resolved.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The room; without it the only one that is joined.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoomCompleter))]
    public string? Room { get; set; }

    /// <summary>Only to the member of this peer id, identity or name.</summary>
    [Parameter]
    public string? To { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == "LiteralPath")
        {
            _files.AddRange(LiteralPath.Select(p => GetUnresolvedProviderPathFromPSPath(p)));
            return;
        }

        foreach (string path in Path)
        {
            try
            {
                Collection<string> resolved = GetResolvedProviderPathFromPSPath(path, out _);
                _files.AddRange(resolved);
            }
            catch (ItemNotFoundException e)
            {
                WriteError(new ErrorRecord(e, "FileNotFound", ErrorCategory.ObjectNotFound, path));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_files.Count == 0)
        {
            return;
        }

        Room room = GetRoom(Room);
        if (!ShouldProcess(room.Name, $"Send {_files.Count} files"))
        {
            return;
        }

        using RoomSubscription events = room.Subscribe();
        FileSend send = Await(Task.Run(() => room.SendFiles(new SendFileOptions { Paths = _files, To = To is null ? [] : [To] }, StopToken)), room);
        if (send.Recipients.Count == 0)
        {
            WriteWarning($"Nobody in the room '{room.Name}' accepts files.");
            return;
        }

        ShowProgress(events, send);
        WriteObject(Await(send.Completion, room), enumerateCollection: true);
    }

    private void ShowProgress(RoomSubscription events, FileSend send)
    {
        var activities = new Dictionary<string, int>();
        using var ended = new CancellationTokenSource();
        _ = send.Completion.ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        IAsyncEnumerator<RoomEvent> stream = events.ReadAllAsync(ended.Token).GetAsyncEnumerator(ended.Token);
        try
        {
            while (stream.MoveNextAsync().AsTask().GetAwaiter().GetResult())
            {
                if (stream.Current is RoomTransferChanged { Transfer: { Direction: EGoatDirection.Sent, Length: > 0 } transfer })
                {
                    WriteProgress(transfer, activities);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All transfers have ended.
        }
        finally
        {
            stream.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        // The last events may still be on their way: no bar stays behind.
        foreach ((string key, int id) in activities)
        {
            WriteProgress(new ProgressRecord(id, key, "Done") { RecordType = ProgressRecordType.Completed });
        }
    }

    private void WriteProgress(EGoatTransfer transfer, Dictionary<string, int> activities)
    {
        string key = $"{transfer.Id}/{transfer.Name}/{transfer.PeerIdentity}";
        if (!activities.TryGetValue(key, out int id))
        {
            id = activities[key] = activities.Count + 1;
        }

        long done = transfer.BytesTransferred + transfer.BytesResumed;
        long left = transfer.Length - done;
        WriteProgress(new ProgressRecord(id, $"{transfer.Name} to {transfer.Peer}", $"{done:N0} of {transfer.Length:N0} bytes, {transfer.Rate / (1024 * 1024):F1} MiB/s")
        {
            PercentComplete = (int)(100 * done / transfer.Length),
            SecondsRemaining = transfer.Rate > 0 ? (int)(left / transfer.Rate) : -1,
            RecordType = transfer.IsEnded ? ProgressRecordType.Completed : ProgressRecordType.Processing,
        });
    }
}
