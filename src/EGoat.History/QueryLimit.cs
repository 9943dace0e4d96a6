using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>Interrupts what a connection does when it takes too long or nobody wants it any more.</summary>
internal sealed class QueryLimit
{
    /// <summary>Steps of SQLite's machine between two looks at the clock: tens of microseconds.</summary>
    private const int StepsBetweenLooks = 1_000;

    private readonly TimeProvider _time;
    private long _start;

    private QueryLimit(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>Watches over an open connection until it is closed.</summary>
    public static QueryLimit Attach(SqliteConnection connection, TimeProvider time, TimeSpan limit, CancellationToken cancellationToken)
    {
        var query = new QueryLimit(time);
        raw.sqlite3_progress_handler(
            connection.Handle!,
            StepsBetweenLooks,
            _ => cancellationToken.IsCancellationRequested || time.GetElapsedTime(Volatile.Read(ref query._start)) > limit ? 1 : 0,
            query);
        return query;
    }

    /// <summary>Begins anew: what the caller does between two rows does not count.</summary>
    public void Restart() => Volatile.Write(ref _start, _time.GetTimestamp());
}
