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

    // Whoever opens and closes a file drops the locks that the rest of its process has on it.
    [Fact]
    public async Task The_log_of_a_file_that_is_still_open_here_is_not_looked_at()
    {
        string log = _folder.Database + "-wal";
        await using (HistoryStore store = _folder.Open())
        {
            await store.AddMessageAsync(Message("1"), default);
            File.Copy(log, _folder.Sub("old"));
        }

        for (int i = 2; i < 5; i++)
        {
            await using HistoryStore store = _folder.Open();
            await store.AddMessageAsync(Message($"{i}"), default);
        }

        File.Copy(_folder.Sub("old"), log);
        LogGeneration.Enter(_folder.Database);
        LogGeneration.Enter(_folder.Database);
        LogGeneration.Leave(_folder.Database);
        Assert.Null(LogGeneration.SetStrangerAside(_folder.Database, log));
        Assert.True(File.Exists(log));
        LogGeneration.Leave(_folder.Database);
        Assert.StartsWith(log, LogGeneration.SetStrangerAside(_folder.Database, log), StringComparison.Ordinal);
        Assert.False(File.Exists(log));
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

    private HistoryWriter Open() => new(new HistoryFile(_folder.Database, _folder.Options));
}
