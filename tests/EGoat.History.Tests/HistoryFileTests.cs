using Microsoft.Data.Sqlite;
using SQLitePCL;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>How the file is opened, held and let go.</summary>
public sealed class HistoryFileTests : IDisposable
{
    private readonly HistoryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_acknowledged_survives_a_power_cut()
    {
        await using HistoryWriter writer = Open();
        Assert.Equal(2, await writer.WriteAsync(c => c.GetNumber("PRAGMA synchronous"), default)); // FULL: the log is on disk with each commit
        Assert.Equal("wal", Assert.Single(await writer.WriteAsync(c => c.Query("PRAGMA journal_mode", row => row.GetString(0)), default)));
    }

    [Theory]
    [InlineData(raw.SQLITE_CORRUPT, true)]
    [InlineData(raw.SQLITE_IOERR, true)]
    [InlineData(raw.SQLITE_BUSY, false)]
    [InlineData(raw.SQLITE_FULL, false)]
    [InlineData(raw.SQLITE_CONSTRAINT, false)]
    public async Task After_an_error_that_somebody_has_to_mend_the_file_is_opened_again(int code, bool isOpenedAgain)
    {
        await using HistoryWriter writer = Open();
        SqliteConnection before = await writer.WriteAsync(c => c, default);
        await Assert.ThrowsAsync<HistoryException>(() => writer.WriteAsync<int>(_ => throw new SqliteException("It is not well.", code), default).AsTask());
        SqliteConnection after = await writer.WriteAsync(c => c, default);
        Assert.Equal(isOpenedAgain, before != after);
        Assert.True((await writer.WriteAsync(c => MessageTable.Add(c, Message("1")), default)).IsNew);
    }

    [Fact]
    public async Task A_file_that_is_removed_again_and_again_confirms_nothing_and_the_next_write_begins_it_anew()
    {
        await using HistoryWriter writer = Open();
        int runs = 0;
        HistoryException error = await Assert.ThrowsAsync<HistoryException>(() => writer.WriteAsync(
            c =>
            {
                runs++;
                foreach (string file in Directory.GetFiles(_folder.Path, "chat.db*"))
                {
                    File.Delete(file);
                }

                return MessageTable.Add(c, Message("1"));
            },
            default).AsTask());
        Assert.Equal((HistoryFailure.Unavailable, true, 3, 2), (error.Failure, error.IsTransient, runs, _folder.Warnings.Count));
        Assert.True((await writer.WriteAsync(c => MessageTable.Add(c, Message("2")), default)).IsNew);
        using SqliteConnection other = _folder.Connect();
        Assert.Equal(1, other.GetNumber("SELECT count(*) FROM messages"));
    }

    [Fact]
    public async Task An_error_of_the_file_fails_all_that_was_to_be_written_with_it()
    {
        await using HistoryWriter writer = Open();
        using var gate = new ManualResetEventSlim();
        var isRunning = new TaskCompletionSource();
        Task<bool> first = writer.WriteAsync(
            _ =>
            {
                isRunning.SetResult();
                return gate.Wait(TimeSpan.FromMinutes(1));
            },
            default).AsTask();
        await isRunning.Task; // what comes now is the next batch
        Task<bool> before = writer.WriteAsync(c => MessageTable.Add(c, Message("1")).IsNew, default).AsTask();
        Task<bool> failing = writer.WriteAsync<bool>(_ => throw new SqliteException("Another program is faster.", raw.SQLITE_BUSY), default).AsTask();
        Task<bool> after = writer.WriteAsync(c => MessageTable.Add(c, Message("2")).IsNew, default).AsTask();
        gate.Set();
        Assert.True(await first);
        foreach (Task<bool> write in (Task<bool>[])[before, failing, after])
        {
            Assert.Equal(HistoryFailure.Locked, (await Assert.ThrowsAsync<HistoryException>(() => write)).Failure);
        }

        Assert.Equal(0, await writer.WriteAsync(c => c.GetNumber("SELECT count(*) FROM messages"), default));
    }

    [Fact]
    public async Task All_that_waits_for_a_file_that_another_program_holds_is_told_and_the_writer_goes_on()
    {
        await using HistoryWriter writer = Open();
        using SqliteConnection other = _folder.Connect();
        other.Execute("BEGIN IMMEDIATE");

        // The first one waits for the lock alone; the others are one batch after it.
        Task<bool>[] writes = [.. Enumerable.Range(0, 5).Select(i => writer.WriteAsync(c => MessageTable.Add(c, Message($"{i}")).IsNew, default).AsTask())];
        foreach (Task<bool> write in writes)
        {
            Assert.Equal(HistoryFailure.Locked, (await Assert.ThrowsAsync<HistoryException>(() => write)).Failure);
        }

        other.Execute("COMMIT");
        Assert.True(await writer.WriteAsync(_ => true, default));
    }

    [Fact]
    public async Task The_log_is_emptied_at_the_end_although_another_program_has_the_file_open()
    {
        using SqliteConnection other = await FillAsync();
        Assert.Equal(0, new FileInfo(_folder.Database + "-wal").Length);
        Assert.Equal(1, other.GetNumber("SELECT count(*) FROM messages"));

        async Task<SqliteConnection> FillAsync()
        {
            await using HistoryWriter writer = Open();
            SqliteConnection reader = _folder.Connect();
            reader.GetNumber("SELECT count(*) FROM messages");
            await writer.WriteAsync(c => MessageTable.Add(c, Message("1")), default);
            return reader;
        }
    }

    [Fact]
    public async Task A_log_that_is_in_use_is_not_emptied_and_waiting_for_locks_is_as_before()
    {
        var file = new HistoryFile(_folder.Database, _folder.Options);
        Assert.Equal(0, file.GetLogLength());
        await using var writer = new HistoryWriter(file);
        Assert.False(await writer.WriteAsync(file.TryEmptyLog, default)); // in a transaction of its own
        SqliteConnection connection = await writer.WriteAsync(c => c, default);
        Assert.True(file.GetLogLength() > 0);
        Assert.True(file.TryEmptyLog(connection));
        Assert.Equal(0, file.GetLogLength());
        Assert.Equal(200, connection.GetNumber("PRAGMA busy_timeout"));
    }

    [Theory]
    [InlineData(raw.SQLITE_NOTADB, HistoryFailure.Damaged)]
    [InlineData(raw.SQLITE_CORRUPT, HistoryFailure.Damaged)]
    [InlineData(raw.SQLITE_BUSY, HistoryFailure.Locked)]
    [InlineData(raw.SQLITE_LOCKED, HistoryFailure.Locked)]
    [InlineData(raw.SQLITE_FULL, HistoryFailure.Full)]
    [InlineData(raw.SQLITE_INTERRUPT, HistoryFailure.TooLong)]
    [InlineData(raw.SQLITE_CANTOPEN, HistoryFailure.Unavailable)]
    [InlineData(raw.SQLITE_READONLY, HistoryFailure.Unavailable)]
    [InlineData(raw.SQLITE_PERM, HistoryFailure.Unavailable)]
    [InlineData(raw.SQLITE_IOERR, HistoryFailure.Unavailable)]
    [InlineData(raw.SQLITE_AUTH, HistoryFailure.Other)]
    public void What_SQLite_says_has_a_kind_and_names_the_file(int code, HistoryFailure failure)
    {
        HistoryException e = new HistoryFile(_folder.Database, _folder.Options).Explain(new SqliteException("It is not well.", code));
        Assert.Equal(failure, e.Failure);
        Assert.Contains(_folder.Database, e.Message, StringComparison.Ordinal);
    }

    private HistoryWriter Open() => new(new HistoryFile(_folder.Database, _folder.Options));
}
