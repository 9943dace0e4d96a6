using Microsoft.Extensions.Time.Testing;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>A chat.db from elsewhere, or one that is no longer what it was: one clear error, and the file stays as it is.</summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly HistoryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CREATE TRIGGER forge AFTER INSERT ON messages BEGIN UPDATE messages SET text = 'forged'; END", "trigger 'forge'")]
    [InlineData("CREATE VIEW everything AS SELECT * FROM messages", "view 'everything'")]
    [InlineData("CREATE INDEX slow ON messages (abs(length(text)))", "index 'slow'")]
    [InlineData("CREATE UNIQUE INDEX one ON transfers (state)", "index 'one'")]
    [InlineData("CREATE VIRTUAL TABLE other USING fts5 (text)", "table 'other'")]
    [InlineData("DROP TABLE messages; CREATE VIEW messages AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n", "view 'messages'")]
    [InlineData("DROP TRIGGER messages_inserted; CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN DELETE FROM messages; END", "trigger 'messages_inserted'")]
    [InlineData("DROP TABLE deliveries", "'deliveries' is missing")]
    [InlineData("ALTER TABLE messages ADD COLUMN more TEXT", "table 'messages'")]
    [InlineData("CREATE VIEW \"a\u001b[31m\" AS SELECT 1", "holds a view that")]
    [InlineData("PRAGMA user_version = -5", "impossible version")]
    [InlineData("PRAGMA user_version = 0", "database of another program")]
    public async Task What_E_Goat_did_not_make_is_refused(string sql, string message)
    {
        await FillAsync();
        _folder.Execute(sql);
        byte[] before = await File.ReadAllBytesAsync(_folder.Database);
        HistoryException error = Assert.Throws<HistoryException>(() => _folder.Open());
        Assert.Equal((HistoryFailure.Damaged, false), (error.Failure, error.IsTransient));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Database, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.Equal(before, await File.ReadAllBytesAsync(_folder.Database));
        Assert.Equal([_folder.Database], Directory.GetFiles(_folder.Path)); // nothing holds it
    }

    [Fact]
    public async Task A_table_of_ones_own_and_statistics_are_left_alone()
    {
        await FillAsync();
        _folder.Execute("CREATE TABLE notes (text TEXT); CREATE INDEX notes_text ON notes (text); INSERT INTO notes VALUES ('mine'); ANALYZE");
        await using HistoryStore store = _folder.Open();
        Assert.Equal(200, await store.QueryMessagesAsync(new HistoryQuery(), default).CountAsync());
    }

    [Fact]
    public async Task A_file_of_a_later_version_is_refused_with_the_remedy()
    {
        await FillAsync();
        _folder.Execute("PRAGMA user_version = 999");
        HistoryException error = Assert.Throws<HistoryException>(() => _folder.Open());
        Assert.Equal(HistoryFailure.LaterVersion, error.Failure);
        Assert.Contains("Update this one", error.Message, StringComparison.Ordinal);
    }

    // Whichever page is damaged: an error that names the file and what saves it, or what is still readable; nothing else.
    [Fact]
    public async Task A_damaged_page_is_one_clear_error()
    {
        await FillAsync();
        byte[] whole = await File.ReadAllBytesAsync(_folder.Database);
        int told = 0;
        for (int page = 0; page < whole.Length / 4096; page++)
        {
            byte[] damaged = [.. whole];
            damaged.AsSpan(page * 4096, 4096).Fill((byte)(page == 0 ? 0 : 0x55));
            await File.WriteAllBytesAsync(_folder.Database, damaged);
            try
            {
                await using HistoryStore store = _folder.Open();
                await store.QueryMessagesAsync(new HistoryQuery(), default).CountAsync();
                await store.QueryMessagesAsync(new HistoryQuery { Text = "text 17" }, default).CountAsync();
                await store.QueryMessagesAsync(new HistoryQuery { Room = "lobby", NewestFirst = true }, default).CountAsync();
                await store.AddMessageAsync(Message("new"), default);
                await store.GetWaitingAsync("lobby", "id-bob", default);
            }
            catch (HistoryException e) when (e.Failure == HistoryFailure.Damaged)
            {
                told++;
                Assert.Contains(_folder.Database, e.Message, StringComparison.Ordinal);
                Assert.Matches("\\.recover|not as E-Goat makes it|did not make|is missing|another program", e.Message);
            }
        }

        Assert.InRange(told, 5, whole.Length / 4096);
    }

    [Theory]
    [InlineData("UPDATE messages SET received_at = 9223372036854775807 WHERE sequence = 100")]
    [InlineData("UPDATE messages SET received_at = 'noon' WHERE sequence = 100", false)]
    [InlineData("PRAGMA ignore_check_constraints = ON; UPDATE messages SET direction = 'Sideways' WHERE sequence = 100")]
    public async Task A_row_that_cannot_be_is_one_clear_error(string sql, bool isError = true)
    {
        await FillAsync();
        _folder.Execute(sql);
        await using HistoryStore store = _folder.Open();
        async Task ReadAsync() => await store.QueryMessagesAsync(new HistoryQuery(), default).CountAsync();
        if (isError)
        {
            HistoryException error = await Assert.ThrowsAsync<HistoryException>(ReadAsync);
            Assert.Equal(HistoryFailure.Damaged, error.Failure);
        }
        else
        {
            await ReadAsync();
        }
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_kept()
    {
        await File.WriteAllTextAsync(_folder.Database, new string('x', 5000));
        Assert.Equal(HistoryFailure.Damaged, Assert.Throws<HistoryException>(() => _folder.Open()).Failure);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(_folder.Database));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_told()
    {
        Directory.CreateDirectory(_folder.Database);
        Assert.Equal(HistoryFailure.Unavailable, Assert.Throws<HistoryException>(() => _folder.Open()).Failure);
    }

    [Fact]
    public async Task A_query_that_takes_too_long_is_ended()
    {
        await FillAsync(2000);
        await using HistoryStore store = HistoryStore.Open(_folder.Database, _folder.Options with { QueryTimeout = TimeSpan.Zero });
        HistoryException error = await Assert.ThrowsAsync<HistoryException>(async () => await store.QueryMessagesAsync(new HistoryQuery { Text = "zz" }, default).CountAsync());
        Assert.Equal((HistoryFailure.TooLong, false), (error.Failure, error.IsTransient));
    }

    [Fact]
    public async Task What_its_reader_does_between_two_rows_is_no_time_of_a_query()
    {
        await FillAsync(500);
        var time = new FakeTimeProvider();
        await using HistoryStore store = HistoryStore.Open(_folder.Database, _folder.Options with { Time = time, QueryTimeout = TimeSpan.FromSeconds(1) });
        int rows = 0;
        await foreach (EGoatMessage _ in store.QueryMessagesAsync(new HistoryQuery(), default))
        {
            rows++;
            time.Advance(TimeSpan.FromSeconds(0.9));
        }

        Assert.Equal(500, rows);
    }

    [Fact]
    public async Task A_query_that_nobody_waits_for_is_ended()
    {
        await FillAsync();
        await using HistoryStore store = _folder.Open();
        using var canceled = new CancellationTokenSource();
        int rows = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (EGoatMessage message in store.QueryMessagesAsync(new HistoryQuery(), canceled.Token))
            {
                if (++rows == 10)
                {
                    await canceled.CancelAsync();
                }
            }
        });
        Assert.Equal(10, rows);
    }

    private async Task FillAsync(int count = 200)
    {
        await using HistoryStore store = _folder.Open();
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => store.AddMessageAsync(Message($"{i}") with { Text = $"text {i} {new string((char)('a' + (i % 20)), 300)}" }, default).AsTask()));
        await store.PutDeliveriesAsync(
            [new EGoatDelivery { MessageId = "1", Room = "lobby", Peer = "bob", PeerIdentity = "id-bob", State = EGoatDeliveryState.Waiting, At = Noon }], default);
    }
}
