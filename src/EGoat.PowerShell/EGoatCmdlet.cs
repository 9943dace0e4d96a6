using System.Management.Automation;
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

        if (_trace is null && MyInvocation.BoundParameters.TryGetValue("Debug", out object? debug) && (SwitchParameter)debug)
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

    /// <summary>The joined room of a name, or the only one if no name is given.</summary>
    protected Room GetRoom(string? name)
    {
        IReadOnlyList<Room> rooms = GetNode().Rooms;
        Room[] matching = [.. rooms.Where(r => name is null || r.Name.Equals(name, StringComparison.OrdinalIgnoreCase))];
        if (matching.Length == 1)
        {
            return matching[0];
        }

        string message = (name, matching.Length) switch
        {
            (null, 0) => "No room is joined. Join one with: Join-EGoatRoom NAME -Server URL -Background",
            (null, _) => $"Several rooms are joined: {string.Join(", ", rooms.Select(r => r.Name))}. Name one with -Room.",
            (_, 0) => $"The room '{name}' is not joined. Join it with: Join-EGoatRoom {name} -Server URL -Background",
            _ => $"The room '{name}' is joined {matching.Length} times. Leave one with Exit-EGoatRoom.",
        };
        ThrowTerminatingError(new ErrorRecord(new ItemNotFoundException(message), "RoomNotJoined", ErrorCategory.ObjectNotFound, name));
        throw new ItemNotFoundException(message);
    }

    /// <summary>The path of a folder that may not be there yet.</summary>
    protected string GetFolder(string path)
    {
        string folder = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        if (!IsFileSystem(provider))
        {
            ThrowTerminatingError(Errors.NotInFileSystem(path));
        }

        return folder;
    }

    /// <summary>Whether a path is one of files, not of variables or functions.</summary>
    protected static bool IsFileSystem(ProviderInfo provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return provider.Name == "FileSystem";
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
