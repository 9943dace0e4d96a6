using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>Interrupts what a connection does when it takes too long or nobody wants it any more.</summary>
internal sealed class QueryLimit
{
    /// <summary>Steps of SQLite's machine between two looks at the clock: tens of microseconds.</summary>
    private const int StepsBetweenLooks = 1_000;

    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private long _start;
    private volatile bool _isLifted;

    private QueryLimit(TimeProvider time, TimeSpan limit)
    {
        _time = time;
        _limit = limit;
        _start = time.GetTimestamp();
    }

    /// <summary>Watches over an open connection until it is closed.</summary>
    public static QueryLimit Attach(SqliteConnection connection, TimeProvider time, TimeSpan limit, CancellationToken cancellationToken)
    {
        var query = new QueryLimit(time, limit);
        raw.sqlite3_progress_handler(
            connection.Handle!,
            StepsBetweenLooks,
            _ => cancellationToken.IsCancellationRequested || query.IsOver ? 1 : 0,
            query);
        return query;
    }

    private bool IsOver => !_isLifted && _time.GetElapsedTime(Volatile.Read(ref _start)) > _limit;

    /// <summary>What is long by nature has no limit but its caller's wish.</summary>
    public void Lift() => _isLifted = true;

    /// <summary>Begins anew: what the caller does between two rows does not count.</summary>
    public void Restart() => Volatile.Write(ref _start, _time.GetTimestamp());
}
