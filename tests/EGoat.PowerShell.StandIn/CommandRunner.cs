using System.Collections;
using System.Reflection;

namespace System.Management.Automation;

/// <summary>
/// Runs one command of the stand-in as a pipeline would: begin, process once for each input object (or once without
/// input), end, dispose; collects what it writes. Parameters are set as properties; binding and validation are
/// PowerShell's own and are tested in it.
/// </summary>
public sealed class CommandRunner : ICommandRuntime
{
    private readonly Lock _gate = new();
    private readonly Cmdlet _cmdlet;
    private readonly List<object?> _output = [];
    private readonly List<ErrorRecord> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _debug = [];
    private readonly List<ProgressRecord> _progress = [];

    public CommandRunner(Cmdlet cmdlet)
    {
        _cmdlet = cmdlet;
        _cmdlet.CommandRuntime = this;
    }

    /// <summary>Called on the pipeline thread for each object written; throwing stops the pipeline as a later command would.</summary>
    public Action<object?>? OnOutput { get; set; }

    /// <summary>Called by the thread that writes a line for -Debug.</summary>
    public Action<string>? OnDebug { get; set; }

    /// <summary>The answer to ShouldProcess; false is what -WhatIf gives.</summary>
    public bool ShouldProcessAnswer { get; set; } = true;

    /// <summary>What ShouldProcess was asked.</summary>
    public List<string> ShouldProcessQueries { get; } = [];

    public IReadOnlyList<object?> Output => Snapshot(_output);

    public IReadOnlyList<ErrorRecord> Errors => Snapshot(_errors);

    public IReadOnlyList<string> Warnings => Snapshot(_warnings);

    /// <summary>What was written for -Debug.</summary>
    public IReadOnlyList<string> Debug => Snapshot(_debug);

    public IReadOnlyList<ProgressRecord> Progress => Snapshot(_progress);

    /// <summary>Sets the current folder of the session that a <see cref="PSCmdlet"/> sees.</summary>
    public CommandRunner In(string folder)
    {
        ((PSCmdlet)_cmdlet).SessionState.Path.CurrentFolder = folder;
        return this;
    }

    /// <summary>Chooses the parameter set, which PowerShell finds by binding.</summary>
    public CommandRunner InSet(string name)
    {
        ((PSCmdlet)_cmdlet).ParameterSetName = name;
        return this;
    }

    /// <summary>Runs the command.</summary>
    /// <param name="input">Pipeline input: each object is set on the parameter that takes its type from the pipeline.</param>
    /// <returns>What the command wrote.</returns>
    /// <exception cref="TerminatingErrorException">The command ended with a terminating error.</exception>
    public IReadOnlyList<object?> Run(params object[] input)
    {
        try
        {
            _cmdlet.DoBeginProcessing();
            if (input.Length == 0)
            {
                _cmdlet.DoProcessRecord();
            }

            foreach (object item in input)
            {
                Bind(item);
                _cmdlet.DoProcessRecord();
            }

            _cmdlet.DoEndProcessing();
        }
        catch (PipelineStoppedException)
        {
            // What PowerShell does: a command that was stopped ends without an error.
        }
        finally
        {
            (_cmdlet as IDisposable)?.Dispose();
        }

        return Output;
    }

    /// <summary>Stops the command as Ctrl+C does: from another thread.</summary>
    public void Stop() => _cmdlet.DoStopProcessing();

    void ICommandRuntime.WriteObject(object? sendToPipeline) => Add(sendToPipeline);

    void ICommandRuntime.WriteObject(object? sendToPipeline, bool enumerateCollection)
    {
        if (enumerateCollection && sendToPipeline is IEnumerable items and not string)
        {
            foreach (object? item in items)
            {
                Add(item);
            }
        }
        else
        {
            Add(sendToPipeline);
        }
    }

    void ICommandRuntime.WriteError(ErrorRecord errorRecord) => Add(_errors, errorRecord);

    void ICommandRuntime.WriteWarning(string text) => Add(_warnings, text);

    void ICommandRuntime.WriteVerbose(string text)
    {
    }

    void ICommandRuntime.WriteDebug(string text)
    {
        Add(_debug, text);
        OnDebug?.Invoke(text);
    }

    void ICommandRuntime.WriteProgress(ProgressRecord progressRecord) => Add(_progress, progressRecord);

    bool ICommandRuntime.ShouldProcess(string target) => Ask(target);

    bool ICommandRuntime.ShouldProcess(string target, string action) => Ask($"{action}: {target}");

    bool ICommandRuntime.ShouldContinue(string query, string caption) => Ask($"{caption}: {query}");

    void ICommandRuntime.ThrowTerminatingError(ErrorRecord errorRecord) => throw new TerminatingErrorException(errorRecord);

    private void Bind(object item)
    {
        foreach (PropertyInfo property in _cmdlet.GetType().GetProperties())
        {
            if (property.GetCustomAttributes<ParameterAttribute>().Any(parameter => parameter.ValueFromPipeline)
                && property.PropertyType.IsInstanceOfType(item))
            {
                property.SetValue(_cmdlet, item);
                return;
            }
        }

        throw new ArgumentException($"No parameter of {_cmdlet.GetType().Name} takes a {item.GetType().Name} from the pipeline.", nameof(item));
    }

    private bool Ask(string query)
    {
        ShouldProcessQueries.Add(query);
        return ShouldProcessAnswer;
    }

    private void Add(object? item)
    {
        Add(_output, item);
        OnOutput?.Invoke(item);
    }

    private void Add<T>(List<T> list, T item)
    {
        if (_cmdlet.Stopping)
        {
            throw new PipelineStoppedException();
        }

        lock (_gate)
        {
            list.Add(item);
        }
    }

    private List<T> Snapshot<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}

/// <summary>A terminating error, as the caller of a pipeline sees it.</summary>
public sealed class TerminatingErrorException(ErrorRecord errorRecord) : RuntimeException(errorRecord.ToString(), errorRecord.Exception)
{
    public ErrorRecord ErrorRecord { get; } = errorRecord;
}
