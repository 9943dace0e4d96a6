using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace EGoat.PowerShell.Tests;

/// <summary>One pipeline in a runspace of its own, whose streams and end can be looked at while it runs.</summary>
internal sealed class CommandRunner : IDisposable
{
    private readonly ModuleSession _session = ModuleSession.Take();
    private readonly System.Management.Automation.PowerShell _shell;
    private readonly PSDataCollection<PSObject> _output = [];

    /// <param name="command">A command.</param>
    /// <param name="parameters">An object whose properties are its parameters.</param>
    public CommandRunner(string command, object? parameters = null)
    {
        _shell = System.Management.Automation.PowerShell.Create(_session.Runspace);
        Pipe(command, parameters);
        _shell.Streams.Debug.DataAdded += (_, e) => OnDebug?.Invoke(_shell.Streams.Debug[e.Index].Message);
    }

    /// <summary>Called by the thread that writes a line for -Debug.</summary>
    public Action<string>? OnDebug { get; set; }

    public TestHost Host => _session.Host;

    public Runspace Runspace => _session.Runspace;

    public IReadOnlyList<object?> Output => [.. Snapshot(_output).Select(o => o.BaseObject)];

    public IReadOnlyList<ErrorRecord> Errors => Snapshot(_shell.Streams.Error);

    public IReadOnlyList<string> Warnings => [.. Snapshot(_shell.Streams.Warning).Select(w => w.Message)];

    public IReadOnlyList<string> Verbose => [.. Snapshot(_shell.Streams.Verbose).Select(v => v.Message)];

    /// <summary>What was written for -Debug.</summary>
    public IReadOnlyList<string> Debug => [.. Snapshot(_shell.Streams.Debug).Select(d => d.Message)];

    public IReadOnlyList<ProgressRecord> Progress => Snapshot(_shell.Streams.Progress);

    /// <summary>Adds a command to the end of the pipeline.</summary>
    public CommandRunner Pipe(string command, object? parameters = null)
    {
        _shell.AddCommand(command);
        foreach (System.Reflection.PropertyInfo property in parameters?.GetType().GetProperties() ?? [])
        {
            _shell.AddParameter(property.Name, property.GetValue(parameters));
        }

        return this;
    }

    /// <summary>Runs the pipeline to its end.</summary>
    /// <returns>What it wrote.</returns>
    /// <exception cref="RuntimeException">It ended with a terminating error.</exception>
    public IReadOnlyList<object?> Run(params object[] input) => Start(input).GetAwaiter().GetResult();

    /// <summary>Runs the pipeline and answers no to every question.</summary>
    /// <returns>What was asked.</returns>
    public IReadOnlyCollection<string> RunAsked()
    {
        Host.Answer = _ => "No";
        Run();
        return Host.Questions;
    }

    /// <summary>Runs the pipeline; a stopped one ends with what it wrote so far.</summary>
    public async Task<IReadOnlyList<object?>> Start(params object[] input)
    {
        using var objects = new PSDataCollection<object>(input);
        objects.Complete();
        try
        {
            await Task.Factory.FromAsync(_shell.BeginInvoke(objects, _output), _shell.EndInvoke);
        }
        catch (PipelineStoppedException)
        {
            // As Ctrl+C ends it.
        }

        return Output;
    }

    /// <summary>What Ctrl+C does; returns when the pipeline has ended.</summary>
    public void Stop() => _shell.Stop();

    public void Dispose()
    {
        _shell.Stop();
        _shell.Dispose();
        _output.Dispose();
        _session.Dispose();
    }

    // The collection grows meanwhile; its enumerator would wait for the end.
    private static List<T> Snapshot<T>(PSDataCollection<T> items)
    {
        int count = items.Count;
        return [.. Enumerable.Range(0, count).Select(i => items[i])];
    }
}
