using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EGoat.Testing;

/// <summary>
/// Drives asynchronous code in virtual time: a <see cref="VirtualClock"/> and a <see cref="SimulatedNetwork"/> that advance
/// together, from event to event, and only while the process has nothing else to do.
/// </summary>
/// <remarks>
/// The process is quiet when no work waits for the thread pool and none runs there. Tests that run at the same time would be
/// waited for too: test classes that use virtual time belong to a collection that is not run in parallel with others.
/// The seed decides about the network; the order in which threads get their turn it does not.
/// </remarks>
public sealed class VirtualTime(int seed, NetworkConditions? conditions = null, TimeSpan? maxStep = null)
{
    /// <summary>The longest step; conditions are looked at after each. 50 ms unless the test has nothing that happens between timers.</summary>
    private readonly TimeSpan _maxStep = maxStep ?? TimeSpan.FromMilliseconds(50);

    /// <summary>Items of work that the test runner has done by the thread pool in <see cref="BlockedAfter"/>, at most.</summary>
    private const int MaxNoise = 10;

    /// <summary>Real time after which threads of the pool that get nothing done count as blocked, not as working.</summary>
    private static readonly TimeSpan BlockedAfter = TimeSpan.FromSeconds(1);

    /// <summary>Real time in which the process must become quiet.</summary>
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(60);

    /// <summary>Threads of the pool that are blocked, by the test runner for example; they are not waited for.</summary>
    private static int s_blocked;

    /// <summary>Where the system tells the state of the pool's threads.</summary>
    private static string[] s_workers = [];
    private static int s_workerCount;

    private int _isAdvancing;
    private int _hosts;

    /// <summary>What everything but the engine takes its time and its timers from.</summary>
    public VirtualClock Clock { get; } = new();

    /// <summary>The network between simulated hosts.</summary>
    public SimulatedNetwork Network { get; } = new(seed, conditions);

    /// <summary>The seed of the network and of whatever takes one from here.</summary>
    public int Seed { get; } = seed;

    /// <summary>Lets time pass.</summary>
    public Task AdvanceAsync(TimeSpan duration)
    {
        TimeSpan end = Network.Now + duration;
        return RunAsync(() => Step(() => false, end));
    }

    /// <summary>Lets time pass until a condition holds. It is evaluated only while the process is quiet.</summary>
    /// <exception cref="TimeoutException">It does not hold within the limit of virtual time.</exception>
    public Task AdvanceUntilAsync(Func<bool> condition, TimeSpan limit, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        TimeSpan end = Network.Now + limit;
        return RunAsync(() =>
        {
            if (!Step(condition, end))
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds} s of virtual time: {what}{Environment.NewLine}{Network.Describe()}");
            }
        });
    }

    /// <summary>Lets time pass until a task has ended, and ends like it.</summary>
    /// <exception cref="TimeoutException">It has not ended within the limit of virtual time.</exception>
    public async Task AdvanceUntilAsync(Task task, TimeSpan limit, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await AdvanceUntilAsync(() => task.IsCompleted, limit, what);
        await task;
    }

    /// <summary>Lets time pass until a task has ended, and returns its result.</summary>
    /// <exception cref="TimeoutException">It has not ended within the limit of virtual time.</exception>
    public async Task<T> AdvanceUntilAsync<T>(Task<T> task, TimeSpan limit, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await AdvanceUntilAsync(() => task.IsCompleted, limit, what);
        return await task;
    }

    /// <summary>A number that no other host of this test has.</summary>
    internal int TakeHostNumber() => Interlocked.Increment(ref _hosts);

    // A thread of its own: one of the pool would have to be told from those that work.
    private Task RunAsync(Action action)
    {
        if (Interlocked.Exchange(ref _isAdvancing, 1) == 1)
        {
            throw new InvalidOperationException("Time is advancing already: await one advance before the next.");
        }

        return Task.Factory.StartNew(
            () =>
            {
                try
                {
                    action();
                }
                finally
                {
                    Volatile.Write(ref _isAdvancing, 0);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private bool Step(Func<bool> condition, TimeSpan end)
    {
        while (true)
        {
            WaitUntilQuiet();
            if (condition())
            {
                return true;
            }

            TimeSpan now = Network.Now;
            TimeSpan next = Min(now + _maxStep, Network.FindNextEvent());
            next = Clock.NextDue is { } due ? Min(next, now + (due - Clock.GetUtcNow())) : next;
            if (now >= end && next > now)
            {
                return false;
            }

            TimeSpan step = Min(next, end) - now;
            step = step > TimeSpan.Zero ? step : TimeSpan.Zero;
            Network.Run(step);
            Clock.Advance(step);
        }
    }

    private void WaitUntilQuiet()
    {
        long start = Stopwatch.GetTimestamp();
        (long Start, long Completed, int Busy) window = (start, ThreadPool.CompletedWorkItemCount, int.MaxValue);
        var spin = default(SpinWait);
        while (true)
        {
            long completed = ThreadPool.CompletedWorkItemCount;
            int busy = CountBusyThreads();
            window.Busy = Math.Min(window.Busy, busy);
            bool isWindowOver = Stopwatch.GetElapsedTime(window.Start) > BlockedAfter;
            bool isStill = isWindowOver && busy == window.Busy && completed - window.Completed <= MaxNoise;
            bool mayBeQuiet = ThreadPool.PendingWorkItemCount == 0 && ThreadPool.CompletedWorkItemCount == completed && (busy <= s_blocked || isStill);
            if (mayBeQuiet && (busy == 0 || !IsPoolRunning()))
            {
                s_blocked = busy;
                return;
            }

            if (Stopwatch.GetElapsedTime(start) > QuietLimit)
            {
                throw new TimeoutException($"The process was not quiet for {QuietLimit.TotalSeconds} s: {busy} threads of the pool work, {ThreadPool.PendingWorkItemCount} items wait.{Environment.NewLine}{Network.Describe()}");
            }

            window = isWindowOver ? (Stopwatch.GetTimestamp(), completed, int.MaxValue) : window;
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    // A thread that was blocked may work again; and on a machine that is short of processors one that works may get nothing done for
    // longer than a blocked one is waited for.
    private static bool IsPoolRunning()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        int count = ThreadPool.ThreadCount;
        if (s_workerCount != count)
        {
            s_workerCount = count;
            s_workers = [.. Directory.EnumerateDirectories("/proc/self/task").Select(t => Path.Combine(t, "stat")).Where(s => ReadState(s) is not null)];
        }

        return s_workers.Any(s => ReadState(s) is 'R' or 'D');
    }

    // What a thread of the pool does: R runs or waits for a processor, D waits for a disk, S for something else; null for another thread.
    private static char? ReadState(string path)
    {
        try
        {
            // "<id> (<name>) <state> ..."
            string stat = File.ReadAllText(path);
            int end = stat.LastIndexOf(')');
            return stat.AsSpan(0, end).Contains("(.NET TP", StringComparison.Ordinal) ? stat[end + 2] : null;
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }

    private static int CountBusyThreads()
    {
        ThreadPool.GetMaxThreads(out int all, out _);
        ThreadPool.GetAvailableThreads(out int free, out _);
        return all - free;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
