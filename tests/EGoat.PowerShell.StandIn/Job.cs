using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Stand-in: the state of a job.</summary>
public enum JobState
{
    NotStarted = 0,
    Running = 1,
    Completed = 2,
    Failed = 3,
    Stopped = 4,
}

/// <summary>Stand-in: the state of a job, as an object.</summary>
public sealed class JobStateInfo(JobState state)
{
    public JobState State => state;
}

/// <summary>Stand-in: a thread-safe collection.</summary>
public sealed class PSDataCollection<T> : Collection<T>
{
    private readonly Lock _gate = new();

    protected override void InsertItem(int index, T item)
    {
        lock (_gate)
        {
            base.InsertItem(index, item);
        }
    }

    protected override void RemoveItem(int index)
    {
        lock (_gate)
        {
            base.RemoveItem(index);
        }
    }
}

/// <summary>Stand-in: an object with properties that PowerShell adds; here none.</summary>
public class PSObject
{
    private PSObject(object baseObject) => BaseObject = baseObject;

    public object BaseObject { get; }

    public static PSObject AsPSObject(object obj) => new(obj);
}

/// <summary>Stand-in: something that runs in the background.</summary>
public abstract class Job(string command) : IDisposable
{
    private readonly ManualResetEventSlim _ended = new();

    public string Command => command;

    public JobStateInfo JobStateInfo { get; private set; } = new(JobState.NotStarted);

    public PSDataCollection<PSObject> Output { get; } = [];

    public PSDataCollection<ErrorRecord> Error { get; } = [];

    public PSDataCollection<WarningRecord> Warning { get; } = [];

    public PSDataCollection<ProgressRecord> Progress { get; } = [];

    public string PSJobTypeName { get; protected internal set; } = "";

    public abstract bool HasMoreData { get; }

    public abstract string Location { get; }

    public abstract string StatusMessage { get; }

    /// <summary>Set when it has ended.</summary>
    public WaitHandle Finished => _ended.WaitHandle;

    public abstract void StopJob();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected internal void SetJobState(JobState state)
    {
        JobStateInfo = new JobStateInfo(state);
        if (state is JobState.Completed or JobState.Failed or JobState.Stopped)
        {
            _ended.Set();
        }
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ended.Dispose();
        }
    }
}

/// <summary>Stand-in: things of a session.</summary>
public abstract class Repository<T>
{
    public List<T> Items { get; } = [];

    public void Add(T item) => Items.Add(item);
}

/// <summary>Stand-in: the jobs of a session.</summary>
public sealed class JobRepository : Repository<Job>;
