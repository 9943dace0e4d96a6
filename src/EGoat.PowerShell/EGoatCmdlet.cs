using System.Management.Automation;
using System.Management.Automation.Host;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.WebRtc.Ice;

namespace EGoat.PowerShell;

/// <summary>
/// What every cmdlet shares: a token that Ctrl+C cancels, waiting on the pipeline thread, and errors that name the thing and
/// the remedy. Only the pipeline thread writes.
/// </summary>
public abstract class EGoatCmdlet : PSCmdlet, IOutput, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>With -Debug: what is told meanwhile.</summary>
    private TraceSubscription? _trace;

    /// <summary>Cancelled by Ctrl+C.</summary>
    protected CancellationToken StopToken => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stop.Cancel();

    /// <summary>Frees what the command holds; a pipeline that a later command ends comes here and nowhere else.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _trace?.Dispose();
            _stop.Dispose();
        }
    }

    T IOutput.WaitFor<T>(Task<T> task) => WaitFor(task);

    /// <summary>Waits on the pipeline thread. What is known to go wrong ends the command with an error that names the remedy.</summary>
    protected T Await<T>(Task<T> task, object? target = null) => Guard(() => WaitFor(task), target);

    /// <summary>Waits on the pipeline thread.</summary>
    protected void Await(Task task, object? target = null) => Await(ToResult(task), target);

    /// <summary>Does something. What is known to go wrong ends the command with an error that names the remedy.</summary>
    protected T Guard<T>(Func<T> action, object? target)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (Errors.From(e, target) is { } error)
        {
            ThrowTerminatingError(error);
            throw;
        }
    }

    /// <summary>
    /// Waits on the pipeline thread and throws what went wrong as it is, after Ctrl+C as PowerShell does; with -Debug what
    /// connections do meanwhile is written.
    /// </summary>
    internal T WaitFor<T>(Task<T> task)
    {
        if (_trace is { } trace)
        {
            while (!task.IsCompleted)
            {
                Task.WhenAny(task, trace.WaitToReadAsync(StopToken)).GetAwaiter().GetResult();
                WriteTrace(trace);
                if (StopToken.IsCancellationRequested)
                {
                    break; // who waits for the task sees why it ends
                }
            }

            WriteTrace(trace);
        }

        try
        {
            return task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Waits as <see cref="WaitFor{T}"/> does.</summary>
    internal void WaitFor(Task task) => WaitFor(ToResult(task));

    /// <summary>This installation.</summary>
    protected EGoatNode GetNode()
    {
        EGoatNode node = Await(EGoatNode.GetSharedAsync(StopToken));
        while (node.TryTakeWarning(out string? warning))
        {
            WriteWarning(warning);
        }

        if (_trace is null && IsDebugging())
        {
            _trace = new TraceSubscription(node.Tracer);
        }

        return node;
    }

    /// <summary>The STUN and TURN servers that a parameter names.</summary>
    protected IReadOnlyList<IceServer> ParseIceServers(string[] texts)
    {
        var servers = new List<IceServer>();
        foreach (string text in texts)
        {
            if (!IceServer.TryParse(text, out IceServer? server))
            {
                ThrowTerminatingError(new ErrorRecord(new ArgumentException($"'{text}' is not {IceServer.Syntax}."), "InvalidIceServer", ErrorCategory.InvalidArgument, text));
            }

            servers.Add(server!);
        }

        return servers;
    }

    /// <summary>The joined room of a name or id, or the only one if none is given.</summary>
    protected Room GetRoom(string? name)
    {
        IReadOnlyList<Room> rooms = GetNode().Rooms;
        Room[] matching = name is null ? [.. rooms] : [.. rooms.Where(new NamePattern(name).IsRoom)];
        if (matching.Length == 1)
        {
            return matching[0];
        }

        if (matching.Length == 0 && name is not null)
        {
            ThrowTerminatingError(Errors.RoomNotJoined(name));
        }

        string message = (name, matching.Length) switch
        {
            (_, 0) => "No room is joined. Join one with: Join-EGoatRoom NAME -Server URL -Background",
            (null, _) => $"Several rooms are joined: {string.Join(", ", rooms.Select(r => r.Name))}. Name one with -Room.",
            _ => $"'{name}' means several rooms: {string.Join(", ", matching.Select(r => $"{r.Name} on {r.Server} ({r.Id})"))}. Name one by its id.",
        };
        ThrowTerminatingError(new ErrorRecord(new ItemNotFoundException(message), matching.Length == 0 ? "RoomNotJoined" : "RoomAmbiguous", ErrorCategory.ObjectNotFound, name));
        throw new ItemNotFoundException(message);
    }

    /// <summary>The joined rooms of names, patterns or ids, all if none are given; a literal name that means none is an error that does not end the command.</summary>
    protected IReadOnlyList<Room> GetRooms(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        IReadOnlyList<Room> rooms = GetNode().Rooms;
        if (names.Count == 0)
        {
            return rooms;
        }

        var found = new List<Room>();
        foreach (NamePattern name in names.Select(n => new NamePattern(n)))
        {
            Room[] matching = [.. rooms.Where(name.IsRoom)];
            if (matching.Length == 0 && !name.HasWildcard)
            {
                WriteError(Errors.RoomNotJoined(name.Text));
            }

            found.AddRange(matching.Except(found));
        }

        return found;
    }

    /// <summary>The path of a folder that may not be there yet.</summary>
    protected string GetFolder(string path)
    {
        string folder = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        if (!IsFileSystem(provider))
        {
            ThrowTerminatingError(Errors.NotInFileSystem(path));
        }

        if (File.Exists(folder))
        {
            ThrowTerminatingError(new ErrorRecord(new IOException($"'{folder}' is a file, not a folder."), "NotAFolder", ErrorCategory.InvalidArgument, path));
        }

        return folder;
    }

    /// <summary>Whether a path is one of files, not of variables or functions.</summary>
    protected static bool IsFileSystem(ProviderInfo provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return provider.Name == "FileSystem";
    }

    // -Debug, or a preference that shows or collects what is written.
    private bool IsDebugging() => MyInvocation.BoundParameters.TryGetValue("Debug", out object? debug)
        ? (SwitchParameter)debug
        : SessionState.PSVariable.GetValue("DebugPreference") is { } preference
            && LanguagePrimitives.TryConvertTo(preference, out ActionPreference action) && action is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);

    /// <summary>Asks; Enter means no. Where nobody can be asked, that is an error that ends the command.</summary>
    private protected bool Confirm(string caption, string question)
    {
        try
        {
            return Host.UI.PromptForChoice(caption, question, [new ChoiceDescription("&Yes"), new ChoiceDescription("&No")], defaultChoice: 1) == 0;
        }
        catch (Exception e) when (e is HostException or PSInvalidOperationException or NotImplementedException or NullReferenceException)
        {
            ThrowTerminatingError(new ErrorRecord(new InvalidOperationException($"Nobody can be asked here: {question}", e), "CannotAsk", ErrorCategory.InvalidOperation, null));
            throw;
        }
    }

    private void WriteTrace(TraceSubscription trace)
    {
        while (trace.TryRead(out string line))
        {
            WriteDebug(line);
        }
    }

    private static async Task<bool> ToResult(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }
}
