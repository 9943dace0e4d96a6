using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>The one writer: takes what waits, writes it in one transaction, and says so only when it is committed.</summary>
internal sealed class HistoryWriter : IAsyncDisposable
{
    /// <summary>Writes that wait; whoever adds more waits too.</summary>
    private const int MaxWaiting = 4096;

    /// <summary>Rows of one commit.</summary>
    private const int MaxBatch = 512;

    private readonly SqliteConnection _connection;
    private readonly Channel<Write> _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Task _running;

    public HistoryWriter(SqliteConnection connection)
    {
        _connection = connection;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Runs a write; the result comes after the commit.</summary>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> action, CancellationToken cancellationToken)
    {
        var write = new Write<T>(action);
        try
        {
            await _writes.Writer.WriteAsync(write, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new HistoryException("The history is closed.", e);
        }

        return await write.Completion.Task.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _running.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var batch = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MaxBatch && _writes.Reader.TryRead(out Write? write))
            {
                batch.Add(write);
            }

            Commit(batch);
            batch.Clear();
        }
    }

    private void Commit(List<Write> batch)
    {
        try
        {
            _connection.Execute("BEGIN IMMEDIATE");
            foreach (Write write in batch)
            {
                write.Run(_connection);
            }

            _connection.Execute("COMMIT");
            foreach (Write write in batch)
            {
                write.Succeed();
            }
        }
        catch (SqliteException e)
        {
            try
            {
                _connection.Execute("ROLLBACK");
            }
            catch (SqliteException)
            {
                // There was no transaction: beginning it was what failed.
            }

            var error = new HistoryException($"The history cannot be written: {e.Message}", e);
            foreach (Write write in batch)
            {
                write.Fail(error);
            }
        }
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

        public override void Succeed() => Completion.SetResult(_result);

        public override void Fail(Exception error) => Completion.SetException(error);
    }
}
