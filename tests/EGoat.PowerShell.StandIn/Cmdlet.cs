using System.Collections.ObjectModel;
using System.Text.RegularExpressions;

namespace System.Management.Automation;

/// <summary>Stand-in: a command that runs on an <see cref="ICommandRuntime"/>.</summary>
public abstract class Cmdlet
{
    private ICommandRuntime? _commandRuntime;

    public ICommandRuntime CommandRuntime
    {
        get => _commandRuntime ?? throw new InvalidOperationException("The cmdlet runs on no command runtime.");
        set => _commandRuntime = value;
    }

    public bool Stopping { get; private set; }

    public void WriteObject(object? sendToPipeline) => CommandRuntime.WriteObject(sendToPipeline);

    public void WriteObject(object? sendToPipeline, bool enumerateCollection) => CommandRuntime.WriteObject(sendToPipeline, enumerateCollection);

    public void WriteError(ErrorRecord errorRecord) => CommandRuntime.WriteError(errorRecord);

    public void WriteWarning(string text) => CommandRuntime.WriteWarning(text);

    public void WriteVerbose(string text) => CommandRuntime.WriteVerbose(text);

    public void WriteDebug(string text) => CommandRuntime.WriteDebug(text);

    public void WriteProgress(ProgressRecord progressRecord) => CommandRuntime.WriteProgress(progressRecord);

    public bool ShouldProcess(string target) => CommandRuntime.ShouldProcess(target);

    public bool ShouldProcess(string target, string action) => CommandRuntime.ShouldProcess(target, action);


    public bool ShouldContinue(string query, string caption) => CommandRuntime.ShouldContinue(query, caption);

    public void ThrowTerminatingError(ErrorRecord errorRecord) => CommandRuntime.ThrowTerminatingError(errorRecord);

    protected virtual void BeginProcessing()
    {
    }

    protected virtual void ProcessRecord()
    {
    }

    protected virtual void EndProcessing()
    {
    }

    protected virtual void StopProcessing()
    {
    }

    internal void DoBeginProcessing() => BeginProcessing();

    internal void DoProcessRecord() => ProcessRecord();

    internal void DoEndProcessing() => EndProcessing();

    internal void DoStopProcessing()
    {
        Stopping = true;
        StopProcessing();
    }
}

/// <summary>Stand-in: a cmdlet that knows its session.</summary>
public abstract class PSCmdlet : Cmdlet
{
    private SessionState? _sessionState;

    public SessionState SessionState => _sessionState ??= new SessionState();

    public string ParameterSetName { get; internal set; } = ParameterAttribute.AllParameterSets;

    public InvocationInfo MyInvocation { get; } = new();

    public PagingParameters PagingParameters { get; } = new();

    public JobRepository JobRepository { get; } = new();

    public string GetUnresolvedProviderPathFromPSPath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    public Collection<string> GetResolvedProviderPathFromPSPath(string path, out ProviderInfo provider) => SessionState.Path.GetResolvedProviderPathFromPSPath(path, out provider);
}

/// <summary>Stand-in: -First, -Skip and -IncludeTotalCount.</summary>
public sealed class PagingParameters
{
    public ulong First { get; set; } = ulong.MaxValue;

    public ulong Skip { get; set; }
}

/// <summary>Stand-in: wildcards '*' and '?'.</summary>
public sealed class WildcardPattern
{
    private readonly Regex _pattern;

    private WildcardPattern(string pattern, WildcardOptions options) => _pattern = new Regex(
        $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)}$",
        options.HasFlag(WildcardOptions.IgnoreCase) ? RegexOptions.IgnoreCase : RegexOptions.None);

    public static WildcardPattern Get(string pattern, WildcardOptions options) => new(pattern, options);

    public bool IsMatch(string input) => _pattern.IsMatch(input);
}

[Flags]
public enum WildcardOptions
{
    None = 0,
    Compiled = 1,
    IgnoreCase = 2,
}

/// <summary>Stand-in: how the running command was called.</summary>
public class InvocationInfo
{
    public Dictionary<string, object> BoundParameters { get; } = new(StringComparer.OrdinalIgnoreCase);

    public string InvocationName { get; internal set; } = "";

    public string Line { get; internal set; } = "";
}

/// <summary>Where a cmdlet's output goes.</summary>
public interface ICommandRuntime
{
    void WriteObject(object? sendToPipeline);

    void WriteObject(object? sendToPipeline, bool enumerateCollection);

    void WriteError(ErrorRecord errorRecord);

    void WriteWarning(string text);

    void WriteVerbose(string text);

    void WriteDebug(string text);

    void WriteProgress(ProgressRecord progressRecord);

    bool ShouldProcess(string target);

    bool ShouldProcess(string target, string action);

    bool ShouldContinue(string query, string caption);

    void ThrowTerminatingError(ErrorRecord errorRecord);
}

/// <summary>Stand-in: called when a module that holds the assembly is removed.</summary>
public interface IModuleAssemblyCleanup
{
    void OnRemove(PSModuleInfo psModuleInfo);
}

/// <summary>Stand-in: a loaded module.</summary>
public sealed class PSModuleInfo
{
    internal PSModuleInfo(string name) => Name = name;

    public string Name { get; }
}
