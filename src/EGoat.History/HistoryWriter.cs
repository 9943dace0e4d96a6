using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>
/// The one writer: takes what waits, writes it in one transaction, and says so only when it is committed in the file that is at
/// its path. When it is quiet, it brings everything from the log into the file, so that a copy of the file is a backup.
/// </summary>
internal sealed class HistoryWriter : IAsyncDisposable
{
    /// <summary>Writes that wait; whoever adds more waits too.</summary>
    private const int MaxWaiting = 4096;

    /// <summary>Writes of one commit.</summary>
    private const int MaxBatch = 512;

    /// <summary>A file that is removed again and again while one batch is written is given up.</summary>
    private const int MaxRemovals = 3;

    /// <summary>After this time without a write the log is emptied.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    /// <summary>How often the file is looked at while nothing is written.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly HistoryFile _file;
    private readonly TimeProvider _time;
    private readonly Channel<Write> _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Task _running;

    /// <summary>Null after the file has become unusable: the next write opens it again. Only used by the running task.</summary>
    private SqliteConnection? _connection;
    /// <summary>Whether the log may hold something of ours.</summary>
    private bool _hasWritten;
    /// <summary>The length of the log at the last look, in bytes.</summary>
    private long _lastLogLength;

    public HistoryWriter(HistoryFile file)
    {
        _file = file;
        _time = file.Time;
        _connection = file.OpenForWriting();
        _running = Task.Run(RunAsync);
    }

    /// <summary>Runs a write; the result comes after the commit.</summary>
    /// <exception cref="HistoryException">It was not written.</exception>
    /// <exception cref="OperationCanceledException">The wait was canceled; it may be written all the same.</exception>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> action, CancellationToken cancellationToken)
    {
        var write = new Write<T>(action);
        try
        {
            await _writes.Writer.WriteAsync(write, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new HistoryException(HistoryFailure.Closed, "The history is closed.", e);
        }

        return await write.Completion.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes what waits, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var batch = new List<Write>();
        Task<bool> waiting = _writes.Reader.WaitToReadAsync().AsTask();
        TimeSpan until = Quiet;
        while (true)
        {
            if (!await IsInTimeAsync(waiting, until).ConfigureAwait(false))
            {
                until = Rest();
                continue;
            }

            if (!await waiting.ConfigureAwait(false))
            {
                break;
            }

            while (batch.Count < MaxBatch && _writes.Reader.TryRead(out Write? write))
            {
                batch.Add(write);
            }

            Commit(batch);
            batch.Clear();
            _hasWritten = true;
            until = Quiet;
            waiting = _writes.Reader.WaitToReadAsync().AsTask();
        }

        if (_connection is not null)
        {
            _file.TryEmptyLog(_connection);
            Close();
        }
    }

    private async Task<bool> IsInTimeAsync(Task task, TimeSpan limit)
    {
        if (task.IsCompleted)
        {
            return true;
        }

        using var ended = new CancellationTokenSource();
        Task first = await Task.WhenAny(task, Task.Delay(limit, _time, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        return first == task;
    }

    private void Commit(List<Write> batch)
    {
        for (int removals = 0; batch.Count > 0;)
        {
            Write? current = null;
            Exception? error = null;
            try
            {
                _connection ??= _file.OpenForWriting();
                Transact(_connection, batch, ref current);
            }
#pragma warning disable CA1031 // Whatever it is, its callers are told, and the writer goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                error = e;
                _connection?.TryRollBack();
            }

            bool hasMoved = _connection is not null && NativeSqlite.HasMoved(_connection);
            if (hasMoved && ++removals < MaxRemovals)
            {
                // It was written into nothing: the same again, into a new file.
                BeginAgain();
            }
            else if (hasMoved)
            {
                Fail(batch, new HistoryException(HistoryFailure.Unavailable, $"The history '{_file.Path}' is removed again and again while it is written."));
                return;
            }
            else if (error is null)
            {
                batch.ForEach(w => w.Succeed());
                return;
            }
            else if (current is not null && !IsOfFile(error) && batch.Count > 1)
            {
                current.Fail(Explain(error));
                batch.Remove(current);
            }
            else
            {
                Fail(batch, Explain(error));
                return;
            }
        }
    }

    private void Transact(SqliteConnection connection, List<Write> batch, ref Write? current)
    {
        connection.ExecuteKept("BEGIN IMMEDIATE");
        if (_file.GetLogLength() == 0)
        {
            LogGeneration.Advance(connection);
        }

        foreach (Write write in batch)
        {
            current = write;
            write.Run(connection);
        }

        current = null;
        connection.ExecuteKept("COMMIT");
    }

    private void Fail(List<Write> batch, HistoryException error)
    {
        if (_connection is not null && error.Failure is HistoryFailure.Unavailable or HistoryFailure.Damaged or HistoryFailure.LaterVersion)
        {
            // What has been put right or put in its place is seen when it is opened again.
            Close();
        }

        batch.ForEach(w => w.Fail(error));
    }

    // Whether an error is of the file, and hence of every write, and not of the one that met it.
    private static bool IsOfFile(Exception e) => e is HistoryException or IOException or UnauthorizedAccessException
        or SqliteException { SqliteErrorCode: not (raw.SQLITE_CONSTRAINT or raw.SQLITE_ERROR or raw.SQLITE_MISMATCH or raw.SQLITE_TOOBIG or raw.SQLITE_MISUSE or raw.SQLITE_RANGE) };

    private HistoryException Explain(Exception e) => IsOfFile(e) ? _file.Explain(e) : new HistoryException(HistoryFailure.Other, $"The history cannot be written: {e.Message}", e);

    // Nothing is written at the moment. Returns when to look again.
    private TimeSpan Rest()
    {
        try
        {
            if (_connection is not null && NativeSqlite.HasMoved(_connection))
            {
                BeginAgain();
                _connection = _file.OpenForWriting();
            }

            // What others have written is emptied by them, or when it stays as it is.
            long length = _file.GetLogLength();
            if (_connection is null || length == 0 || ((_hasWritten || length == _lastLogLength) && _file.TryEmptyLog(_connection)))
            {
                _hasWritten = false;
                _lastLogLength = 0;
                return Look;
            }

            _lastLogLength = length;
        }
#pragma warning disable CA1031 // Whatever it is: the next write meets it too, and tells its caller.
        catch (Exception)
#pragma warning restore CA1031
        {
            return Look;
        }

        return Quiet;
    }

    private void BeginAgain()
    {
        Close();
        _file.Warn($"The history '{_file.Path}' was removed while it was in use. A new one is begun; what the old one held is gone.");
    }

    private void Close()
    {
        _file.Close(_connection!);
        _connection = null;
    }

    private abstract class Write
    {
        public abstract void Run(SqliteConnection connection);

        public abstract void Succeed();

        public abstract void Fail(Exception error);
    }

    private sealed class Write<T>(Func<SqliteConnection, T> action) : Write
    {
        private T _result = default!;

        public TaskCompletionSource<T> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Run(SqliteConnection connection) => _result = action(connection);

        public override void Succeed() => Completion.TrySetResult(_result);

        public override void Fail(Exception error) => Completion.TrySetException(error);
    }
}
