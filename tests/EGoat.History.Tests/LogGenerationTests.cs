using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>Which log belongs to which file, whoever has written it.</summary>
public sealed class LogGenerationTests : IDisposable
{
    private const int Unrelated = 77;

    private readonly HistoryFolder _folder = new();

    private string Log => _folder.Database + "-wal";

    public void Dispose() => _folder.Dispose();

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

    [Fact]
    public void A_number_begins_anywhere_and_goes_up_by_one()
    {
        using SqliteConnection connection = _folder.Connect();
        using SqliteConnection other = _folder.Connect(_folder.Sub("other.db"));
        long first = Advance(connection);
        Assert.InRange(first, 1, int.MaxValue);
        Assert.NotEqual(first, Advance(other));
        connection.Execute("PRAGMA application_id = 41");
        Assert.Equal(42, Advance(connection));
        connection.Execute($"PRAGMA application_id = {int.MaxValue}");
        Assert.Equal(int.MinValue, Advance(connection));

        static long Advance(SqliteConnection connection)
        {
            LogGeneration.Advance(connection);
            return connection.GetNumber("PRAGMA application_id");
        }
    }

    [Fact]
    public async Task The_log_of_a_crash_after_many_begins_belongs_to_its_file()
    {
        string copy = _folder.Sub("copy.db");
        for (int i = 0; i < 3; i++)
        {
            await using HistoryStore store = _folder.Open();
            await store.AddMessageAsync(Message($"{i}"), default);
            if (i == 2)
            {
                File.Copy(_folder.Database, copy);
                File.Copy(Log, copy + "-wal");
            }
        }

        Assert.Null(LogGeneration.SetStrangerAside(copy, copy + "-wal"));
        await using HistoryStore crashed = HistoryStore.Open(copy, _folder.Options);
        Assert.Equal(3, await crashed.CountMessagesAsync(new HistoryQuery(), default));
    }

    [Fact]
    public async Task The_same_log_can_be_set_aside_twice()
    {
        byte[] log = await WriteElsewhereAsync($"PRAGMA application_id = {Unrelated}");
        for (int i = 0; i < 2; i++)
        {
            await File.WriteAllBytesAsync(Log, log);
            Assert.NotNull(LogGeneration.SetStrangerAside(_folder.Database, Log));
        }

        Assert.Single(Directory.GetFiles(_folder.Path, "*.old"));
    }

    [Fact]
    public async Task The_number_is_found_behind_pages_of_other_things()
    {
        byte[] log = await WriteElsewhereAsync("INSERT INTO identities VALUES ('id', 'bob', 'lobby', 1, 1)", $"PRAGMA application_id = {Unrelated}");
        Assert.NotEqual(1u, BinaryPrimitives.ReadUInt32BigEndian(log.AsSpan(32))); // the page of the first frame
        await File.WriteAllBytesAsync(Log, log);
        Assert.NotNull(LogGeneration.SetStrangerAside(_folder.Database, Log));
    }

    [Fact]
    public async Task A_log_that_leaves_the_header_alone_or_ends_in_the_middle_of_a_frame_stays()
    {
        byte[] log = await WriteElsewhereAsync("INSERT INTO identities VALUES ('id', 'bob', 'lobby', 1, 1)");
        foreach (int length in (int[])[log.Length, 32 + 24 + 4096 + 10, 40, 32, 20, 0])
        {
            await File.WriteAllBytesAsync(Log, log[..length]);
            Assert.Null(LogGeneration.SetStrangerAside(_folder.Database, Log));
            Assert.True(File.Exists(Log));
        }
    }

    [Fact]
    public async Task What_is_no_log_stays()
    {
        byte[] log = await WriteElsewhereAsync($"PRAGMA application_id = {Unrelated}");
        log[0] ^= 0xFF;
        await File.WriteAllBytesAsync(Log, log);
        Assert.Null(LogGeneration.SetStrangerAside(_folder.Database, Log));
    }

    [Fact]
    public async Task A_log_beside_an_empty_file_is_not_its_content()
    {
        byte[] log = await WriteElsewhereAsync($"PRAGMA application_id = {Unrelated}");
        File.Delete(_folder.Database);
        await File.WriteAllBytesAsync(_folder.Database, []);
        await File.WriteAllBytesAsync(Log, log);
        await using HistoryStore store = _folder.Open();
        Assert.Equal(0, await store.CountMessagesAsync(new HistoryQuery(), default));
        await store.AddMessageAsync(Message("new"), default);
    }

    [Fact]
    public async Task A_log_with_which_the_file_makes_no_sense_is_set_aside()
    {
        byte[] log = await WriteElsewhereAsync($"PRAGMA application_id = {Unrelated}", "PRAGMA writable_schema = ON", "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 9999, 'no SQL')");
        await File.WriteAllBytesAsync(Log, log);
        Assert.NotNull(LogGeneration.SetStrangerAside(_folder.Database, Log));
        await using HistoryStore store = _folder.Open();
        Assert.Equal(1, await store.CountMessagesAsync(new HistoryQuery(), default));
    }

    [Fact]
    public async Task A_log_that_another_program_writes_stays_whatever_its_number()
    {
        await FillAsync();
        using SqliteConnection other = _folder.Connect();
        other.Execute($"PRAGMA application_id = {Unrelated}");
        Assert.Null(LogGeneration.SetStrangerAside(_folder.Database, Log));
        Assert.True(File.Exists(Log));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.old"));
        Assert.Equal(1, other.GetNumber("SELECT count(*) FROM messages"));
    }

    private async Task FillAsync()
    {
        await using HistoryStore store = _folder.Open();
        await store.AddMessageAsync(Message("1"), default);
    }

    // The log that another program makes with a copy of a history of one message.
    private async Task<byte[]> WriteElsewhereAsync(params string[] statements)
    {
        await FillAsync();
        string copy = _folder.Sub("elsewhere.db");
        File.Copy(_folder.Database, copy);
        using SqliteConnection other = _folder.Connect(copy);
        foreach (string statement in statements)
        {
            other.Execute(statement);
        }

        return await File.ReadAllBytesAsync(copy + "-wal");
    }
}
