using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

public sealed class HistoryWriterTests : IDisposable
{
    private readonly HistoryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(Noon);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_write_that_throws_fails_its_own_caller_and_the_others_of_its_batch_are_kept()
    {
        await using HistoryWriter writer = Open();
        using var gate = new ManualResetEventSlim();
        Task<bool> first = writer.WriteAsync(_ => gate.Wait(TimeSpan.FromMinutes(1)), default).AsTask();
        Task<bool> before = writer.WriteAsync(c => MessageTable.Add(c, Message("before")).IsNew, default).AsTask();
        Task<bool> faulty = writer.WriteAsync<bool>(
            c =>
            {
                MessageTable.Add(c, Message("half"));
                throw new NotSupportedException("No goats today.");
            },
            default).AsTask();
        Task<int> wrong = writer.WriteAsync(c => c.Execute("INSERT INTO messages (id) VALUES (1)"), default).AsTask();
        Task<bool> after = writer.WriteAsync(c => MessageTable.Add(c, Message("after")).IsNew, default).AsTask();
        gate.Set();

        Assert.True(await first && await before && await after);
        HistoryException error = await Assert.ThrowsAsync<HistoryException>(() => faulty);
        Assert.Equal((HistoryFailure.Other, false), (error.Failure, error.IsTransient));
        Assert.Equal("The history cannot be written: No goats today.", error.Message);
        Assert.Equal(HistoryFailure.Other, (await Assert.ThrowsAsync<HistoryException>(() => wrong)).Failure);
        Assert.Equal(["before", "after"], Ids());
    }

    [Fact]
    public async Task A_commit_that_fails_fails_every_writer_of_its_batch_and_the_next_one_works()
    {
        await using HistoryWriter writer = Open();
        using var gate = new ManualResetEventSlim();
        Task<bool> first = writer.WriteAsync(_ => gate.Wait(TimeSpan.FromMinutes(1)), default).AsTask();
        Task[] batch = [.. Enumerable.Range(0, 10).Select(i => (Task)writer.WriteAsync(c => MessageTable.Add(c, Message($"{i}") with { Text = new string('x', 30_000) }), default).AsTask())];
        Task limit = writer.WriteAsync(c => c.Execute("PRAGMA max_page_count = 1"), default).AsTask();
        gate.Set();
        await first;
        foreach (Task write in (Task[])[.. batch, limit])
        {
            await write.WaitAsync(TimeSpan.FromMinutes(1)).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Task[] full = [.. Enumerable.Range(100, 10).Select(i => (Task)writer.WriteAsync(c => MessageTable.Add(c, Message($"{i}") with { Text = new string('x', 300_000) }), default).AsTask())];
        foreach (Task write in full)
        {
            HistoryException error = await Assert.ThrowsAsync<HistoryException>(() => write);
            Assert.Equal((HistoryFailure.Full, true), (error.Failure, error.IsTransient));
            Assert.Contains("is full", error.Message, StringComparison.Ordinal);
        }

        await writer.WriteAsync(c => c.Execute("PRAGMA max_page_count = 1000000"), default);
        Assert.True((await writer.WriteAsync(c => MessageTable.Add(c, Message("last")), default)).IsNew);
        Assert.Equal(11, Ids().Length);
    }

    [Fact]
    public async Task A_file_that_another_program_holds_is_told_and_can_be_tried_again()
    {
        await using HistoryStore store = _folder.Open();
        using SqliteConnection other = _folder.Connect();
        other.Execute("BEGIN IMMEDIATE");
        HistoryException error = await Assert.ThrowsAsync<HistoryException>(() => store.AddMessageAsync(Message("1"), default).AsTask());
        Assert.Equal((HistoryFailure.Locked, true), (error.Failure, error.IsTransient));
        Assert.Contains(_folder.Database, error.Message, StringComparison.Ordinal);
        other.Execute("COMMIT");
        Assert.True((await store.AddMessageAsync(Message("1"), default)).IsNew);
    }

    [Fact]
    public async Task A_file_that_another_program_holds_can_be_opened_and_read()
    {
        await using (HistoryStore store = _folder.Open())
        {
            await store.AddMessageAsync(Message("1"), default);
        }

        using SqliteConnection other = _folder.Connect();
        other.Execute("BEGIN IMMEDIATE");
        await using HistoryStore again = _folder.Open();
        Assert.Single(await again.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync());
        other.Execute("COMMIT");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_was_removed_is_begun_anew_with_what_is_written_next(bool withFolder)
    {
        string folder = _folder.Sub("sub");
        string path = Path.Combine(folder, "chat.db");
        await using HistoryStore store = HistoryStore.Open(path, _folder.Options);
        await store.AddMessageAsync(Message("old"), default);
        Remove(path);
        if (withFolder)
        {
            Directory.Delete(folder, recursive: true);
        }

        (EGoatMessage stored, bool isNew) = await store.AddMessageAsync(Message("new"), default);
        Assert.True(isNew);
        Assert.Equal(1, stored.Sequence);
        Assert.Equal(["new"], Ids(path));
        Assert.Equal(["new"], (await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync()).Select(m => m.Id));
        Assert.Contains("was removed while it was in use", Assert.Single(_folder.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_removed_is_noticed_while_nothing_is_written()
    {
        await using HistoryStore store = _folder.Open(_time);
        await store.AddMessageAsync(Message("old"), default);
        Remove(_folder.Database);
        await Eventually.WhileTimePassesAsync(_time, () => File.Exists(_folder.Database));
        Assert.Single(_folder.Warnings);
        await store.AddMessageAsync(Message("new"), default);
        Assert.Equal(["new"], Ids());
        Assert.Single(_folder.Warnings);
    }

    [Fact]
    public async Task A_query_after_the_file_was_removed_finds_nothing_and_makes_no_file_of_its_own()
    {
        await using HistoryStore store = _folder.Open();
        await store.AddMessageAsync(Message("old"), default);
        Remove(_folder.Database);
        Assert.Empty(await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync());
        Assert.Single(_folder.Warnings);
    }

    [Fact]
    public async Task Another_file_in_its_place_is_the_one_that_is_written()
    {
        await using (HistoryStore other = HistoryStore.Open(_folder.Sub("other.db")))
        {
            await other.AddMessageAsync(Message("other"), default);
        }

        await using HistoryStore store = _folder.Open();
        await store.AddMessageAsync(Message("old"), default);
        Remove(_folder.Database);
        File.Move(_folder.Sub("other.db"), _folder.Database);
        await store.AddMessageAsync(Message("new"), default);
        Assert.Equal(["other", "new"], Ids());
    }

    [Fact]
    public async Task A_file_that_cannot_be_made_again_fails_the_write_until_it_can()
    {
        string folder = _folder.Sub("sub");
        string path = Path.Combine(folder, "chat.db");
        await using HistoryStore store = HistoryStore.Open(path, _folder.Options);
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "a file in the place of the folder");
        for (int i = 0; i < 2; i++)
        {
            HistoryException error = await Assert.ThrowsAsync<HistoryException>(() => store.AddMessageAsync(Message("1"), default).AsTask());
            Assert.Equal((HistoryFailure.Unavailable, true), (error.Failure, error.IsTransient));
        }

        File.Delete(folder);
        Assert.True((await store.AddMessageAsync(Message("1"), default)).IsNew);
        Assert.Equal(["1"], Ids(path));
    }

    [Fact]
    public async Task After_a_second_of_quiet_the_file_alone_holds_everything()
    {
        await using HistoryStore store = _folder.Open(_time);
        await using HistoryStore other = _folder.Open(_time);
        for (int i = 0; i < 30; i++)
        {
            await (i % 2 == 0 ? store : other).AddMessageAsync(Message($"{i}"), default);
        }

        await Eventually.WhileTimePassesAsync(_time, () => LogLength() == 0);
        File.Copy(_folder.Database, _folder.Sub("copy.db"));
        Assert.Equal(30, Ids(_folder.Sub("copy.db")).Length);
    }

    [Fact]
    public async Task A_log_that_somebody_reads_is_emptied_when_they_are_done()
    {
        await using HistoryStore store = _folder.Open(_time);
        await store.AddMessageAsync(Message("1"), default);
        using SqliteConnection reader = _folder.Connect();
        reader.Execute("BEGIN");
        reader.GetNumber("SELECT count(*) FROM messages");
        await store.AddMessageAsync(Message("2"), default);
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(LogLength() > 0);
        await store.AddMessageAsync(Message("3"), default);
        reader.Execute("COMMIT");
        await Eventually.WhileTimePassesAsync(_time, () => LogLength() == 0);
    }

    [Fact]
    public async Task A_log_that_a_crash_has_left_is_emptied_by_whoever_opens_the_file()
    {
        await CrashAsync("1");
        Assert.True(LogLength() > 0);
        await using HistoryStore store = _folder.Open(_time);
        Assert.Single(await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync());
        await Eventually.WhileTimePassesAsync(_time, () => LogLength() == 0);
        Assert.Empty(_folder.Warnings);
    }

    // cp chat.db over a place where an older copy, or a crash, has left its log.
    [Fact]
    public async Task A_copy_with_an_old_log_beside_it_opens_with_all_that_it_holds()
    {
        await CrashAsync("1");
        File.Copy(_folder.Database + "-wal", _folder.Sub("old-wal"));
        for (int i = 2; i < 40; i++)
        {
            // Each time the log is emptied at the end, and another one begins.
            await using HistoryStore store = _folder.Open();
            await store.AddMessageAsync(Message($"{i}") with { Text = new string('x', 3000) }, default);
        }

        File.Move(_folder.Sub("old-wal"), _folder.Database + "-wal", overwrite: true);
        await using HistoryStore restored = _folder.Open();
        Assert.Equal(39, await restored.QueryMessagesAsync(new HistoryQuery(), default).CountAsync());
        Assert.Contains("belongs to another copy", Assert.Single(_folder.Warnings), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder.Path, "*.old"));
        await restored.AddMessageAsync(Message("more"), default);
        Assert.Equal(40, Ids().Length);
    }

    [Fact]
    public async Task An_old_log_is_left_alone_while_another_program_has_the_file_open()
    {
        await CrashAsync("1");
        using SqliteConnection other = _folder.Connect();
        Assert.Equal(1, other.GetNumber("SELECT count(*) FROM messages"));
        other.Execute("PRAGMA application_id = 77"); // the log no longer fits by its number, and is alive
        await using HistoryStore store = _folder.Open();
        Assert.Empty(_folder.Warnings);
        Assert.Single(await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync());
    }

    [Fact]
    public async Task A_closed_history_says_so()
    {
        HistoryStore store = _folder.Open();
        await store.DisposeAsync();
        Assert.Equal(HistoryFailure.Closed, (await Assert.ThrowsAsync<HistoryException>(() => store.AddMessageAsync(Message("1"), default).AsTask())).Failure);
    }

    [Fact]
    public async Task What_waits_is_written_before_the_file_is_closed()
    {
        HistoryWriter writer = Open();
        using var gate = new ManualResetEventSlim();
        Task<bool> first = writer.WriteAsync(_ => gate.Wait(TimeSpan.FromMinutes(1)), default).AsTask();
        Task[] writes = [.. Enumerable.Range(0, 2000).Select(i => (Task)writer.WriteAsync(c => MessageTable.Add(c, Message($"{i}")), default).AsTask())];
        Task disposing = writer.DisposeAsync().AsTask();
        gate.Set();
        await disposing;
        await Task.WhenAll(writes);
        Assert.Equal(0, LogLength());
        Assert.Equal(2000, Ids().Length);
    }

    [Fact]
    public async Task A_wait_for_a_write_can_be_canceled()
    {
        await using HistoryWriter writer = Open();
        using var gate = new ManualResetEventSlim();
        using var canceled = new CancellationTokenSource();
        Task<bool> first = writer.WriteAsync(_ => gate.Wait(TimeSpan.FromMinutes(1)), default).AsTask();
        Task<bool> write = writer.WriteAsync(_ => true, canceled.Token).AsTask();
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        gate.Set();
        await first;
    }

    private static void Remove(string path)
    {
        foreach (string file in (string[])[path, path + "-wal", path + "-shm"])
        {
            File.Delete(file);
        }
    }

    private HistoryWriter Open() => new(new HistoryFile(_folder.Database, _folder.Options));

    // What is on disk when a process ends in the middle: a log that nobody has applied.
    private async Task CrashAsync(string id)
    {
        await using (HistoryStore store = HistoryStore.Open(_folder.Sub("crash.db")))
        {
            await store.AddMessageAsync(Message(id), default);
            File.Copy(_folder.Sub("crash.db"), _folder.Database);
            File.Copy(_folder.Sub("crash.db-wal"), _folder.Database + "-wal");
        }

        OwnerOnly.TryClose(_folder.Database);
        OwnerOnly.TryClose(_folder.Database + "-wal");
    }

    private long LogLength() => new FileInfo(_folder.Database + "-wal") is { Exists: true } log ? log.Length : 0;

    private string[] Ids(string? path = null)
    {
        using SqliteConnection connection = _folder.Connect(path);
        return [.. connection.Query("SELECT id FROM messages ORDER BY sequence", row => row.GetString(0))];
    }
}
