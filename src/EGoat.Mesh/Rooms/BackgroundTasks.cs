namespace EGoat.Mesh;

/// <summary>Runs what nobody awaits: a failure is told, and the end of all can be waited for.</summary>
/// <param name="report">Takes a failure that nobody has foreseen.</param>
internal sealed class BackgroundTasks(Action<Exception> report)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];

    /// <summary>Runs something on the thread pool.</summary>
    public void Run(Func<Task> action)
    {
        // Created cold, so that it cannot end before it is listed.
        var task = new Task<Task>(() => RunAsync(action));
        Task whole = task.Unwrap();
        lock (_gate)
        {
            _running.Add(whole);
        }

        _ = whole.ContinueWith(Remove, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    /// <summary>Completes when nothing runs; never fails.</summary>
    public async Task WhenAllAsync()
    {
        while (true)
        {
            Task[] running;
            lock (_gate)
            {
                running = [.. _running];
            }

            if (running.Length == 0)
            {
                return;
            }

            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The room is being left.
        }
#pragma warning disable CA1031 // Nobody else sees it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            report(e);
        }
    }

    private void Remove(Task task)
    {
        lock (_gate)
        {
            _running.Remove(task);
        }
    }
}
