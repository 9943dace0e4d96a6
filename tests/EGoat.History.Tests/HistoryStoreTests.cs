using System.Diagnostics;
using EGoat.Testing;

namespace EGoat.History.Tests;

public sealed class HistoryStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-history-").FullName;
    private HistoryStore _store = null!;

    private string Database => Path.Combine(_folder, "chat.db");

    public Task InitializeAsync()
    {
        _store = HistoryStore.Open(Database);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_message_comes_back_as_it_was()
    {
        EGoatMessage message = Message("1") with { Text = "Grüezi 'quoted' \0 🐐", Private = true };
        (EGoatMessage stored, bool isNew) = await _store.AddMessageAsync(message, default);
        Assert.True(isNew);
        Assert.Equal(message with { Sequence = stored.Sequence }, Assert.Single(await QueryAsync(new HistoryQuery())));
    }

    [Fact]
    public async Task The_same_message_is_stored_once_however_often_it_arrives()
    {
        (EGoatMessage first, _) = await _store.AddMessageAsync(Message("1"), default);
        for (int i = 0; i < 10; i++)
        {
            (EGoatMessage again, bool isNew) = await _store.AddMessageAsync(Message("1"), default);
            Assert.False(isNew);
            Assert.Equal(first.Sequence, again.Sequence);
        }

        (_, bool isNewFromAnother) = await _store.AddMessageAsync(Message("1") with { FromIdentity = "another" }, default);
        Assert.True(isNewFromAnother);
        Assert.Equal(2, (await QueryAsync(new HistoryQuery())).Length);
    }

    [Fact]
    public async Task Queries_restrict_by_room_peer_time_and_words_and_page_in_both_orders()
    {
        for (int i = 0; i < 100; i++)
        {
            await _store.AddMessageAsync(Message($"{i}") with { Room = i % 2 == 0 ? "even" : "odd", From = i % 5 == 0 ? "ada" : "bob", Text = $"number {i}", ReceivedAt = Noon.AddMinutes(i) }, default);
        }

        Assert.Equal(50, (await QueryAsync(new HistoryQuery { Room = "even" })).Length);
        Assert.Equal(20, (await QueryAsync(new HistoryQuery { Peer = "ada" })).Length);
        Assert.Equal(["number 10", "number 11"], (await QueryAsync(new HistoryQuery { Since = Noon.AddMinutes(10), Until = Noon.AddMinutes(12) })).Select(m => m.Text));
        Assert.Equal("number 42", Assert.Single(await QueryAsync(new HistoryQuery { Text = "42 number" })).Text);
        Assert.Equal(["number 99", "number 98"], (await QueryAsync(new HistoryQuery { NewestFirst = true, Take = 2 })).Select(m => m.Text));
        EGoatMessage[] page = await QueryAsync(new HistoryQuery { Take = 10 });
        EGoatMessage[] next = await QueryAsync(new HistoryQuery { Take = 10, AfterSequence = page[^1].Sequence });
        Assert.Equal(Enumerable.Range(10, 10).Select(i => $"number {i}"), next.Select(m => m.Text));
        Assert.Equal(["number 5"], (await QueryAsync(new HistoryQuery { Skip = 5, Take = 1 })).Select(m => m.Text));
    }

    [Theory]
    [InlineData("\"")]
    [InlineData("a AND b")]
    [InlineData("NEAR(")]
    [InlineData("text:x*")]
    [InlineData("'; DROP TABLE messages; --")]
    public async Task Words_that_look_like_a_query_are_only_words(string text)
    {
        await _store.AddMessageAsync(Message("1"), default);
        Assert.Empty(await QueryAsync(new HistoryQuery { Text = text }));
        Assert.Single(await QueryAsync(new HistoryQuery()));
    }

    [Fact]
    public async Task A_name_under_another_identity_is_noticed()
    {
        Assert.Equal(new IdentitySighting(true, false), await _store.NoteIdentityAsync("id1", "ada", "lobby", Noon, default));
        Assert.Equal(new IdentitySighting(false, false), await _store.NoteIdentityAsync("id1", "ada", "lobby", Noon, default));
        Assert.Equal(new IdentitySighting(true, true), await _store.NoteIdentityAsync("id2", "ada", "lobby", Noon, default));
    }

    [Fact]
    public async Task A_transfer_is_replaced_by_its_later_state()
    {
        var transfer = new EGoatTransfer
        {
            Id = "t", Room = "lobby", Name = "goat.bin", Path = "/tmp/goat.bin", Peer = "bob", PeerIdentity = "id", Direction = EGoatDirection.Sent,
            Length = 100, State = EGoatTransferState.Active, Started = Noon,
        };
        await _store.PutTransferAsync(transfer, default);
        EGoatTransfer done = transfer with { State = EGoatTransferState.Completed, BytesTransferred = 100, TreeHash = "eg2:00", Finished = Noon.AddSeconds(1), Rate = 100 };
        await _store.PutTransferAsync(done, default);
        var rows = new List<EGoatTransfer>();
        await foreach (EGoatTransfer row in _store.QueryTransfersAsync(new HistoryQuery(), default))
        {
            rows.Add(row);
        }

        Assert.Equal(done, Assert.Single(rows));
    }

    [Fact]
    public async Task Several_stores_of_one_file_write_at_once()
    {
        await using HistoryStore other = HistoryStore.Open(Database);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? _store : other).AddMessageAsync(Message($"{i}"), default).AsTask()));
        Assert.Equal(200, (await QueryAsync(new HistoryQuery())).Length);
    }

    [Fact]
    public async Task What_was_stored_outlives_the_process()
    {
        await _store.AddMessageAsync(Message("1"), default);
        await _store.DisposeAsync();
        _store = HistoryStore.Open(Database);
        Assert.Single(await QueryAsync(new HistoryQuery()));
    }

    [Fact]
    public async Task A_damaged_file_is_refused_and_kept()
    {
        string damaged = Path.Combine(_folder, "damaged.db");
        await File.WriteAllTextAsync(damaged, new string('x', 5000));
        Assert.Contains("is damaged or not a database", Assert.Throws<HistoryException>(() => HistoryStore.Open(damaged)).Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(damaged));
    }

    [ProgramFact("sqlite3")]
    public async Task The_file_is_sound_by_SQLites_own_shell_which_a_later_version_can_mark()
    {
        for (int i = 0; i < 50; i++)
        {
            await _store.AddMessageAsync(Message($"{i}"), default);
        }

        await _store.DisposeAsync();
        Assert.Equal("ok", await ShellAsync("PRAGMA integrity_check"));
        Assert.Equal("wal", await ShellAsync("PRAGMA journal_mode"));
        Assert.Equal("50", await ShellAsync("SELECT count(*) FROM messages"));
        Assert.Equal("50", await ShellAsync("SELECT count(*) FROM messages_text WHERE messages_text MATCH 'hello'"));
        string version = await ShellAsync("PRAGMA user_version");
        await ShellAsync("PRAGMA user_version = 999");
        Assert.Contains("later version", Assert.Throws<HistoryException>(() => HistoryStore.Open(Database)).Message, StringComparison.Ordinal);
        await ShellAsync($"PRAGMA user_version = {version}");
        _store = HistoryStore.Open(Database);
    }

    // Two processes of one installation send to each other.
    [Fact]
    public async Task Both_sides_of_a_transfer_are_kept()
    {
        var sent = new EGoatTransfer
        {
            Id = "1", Room = "lobby", Name = "goat", Path = "/goat", Peer = "ada", PeerIdentity = "identity", Direction = EGoatDirection.Sent, Length = 1, State = EGoatTransferState.Completed, Started = Noon,
        };
        EGoatTransfer received = sent with { Direction = EGoatDirection.Received, Path = "/inbox/goat" };
        await _store.PutTransferAsync(sent, default);
        await _store.PutTransferAsync(received, default);
        Assert.Equal([sent, received], await _store.QueryTransfersAsync(new HistoryQuery(), default).ToListAsync());
    }

    private static EGoatMessage Message(string id) => new()
    {
        Id = id, Room = "lobby", From = "ada", FromIdentity = "identity", Text = "hello", SentAt = Noon, ReceivedAt = Noon, Direction = EGoatDirection.Received,
    };

    private async Task<EGoatMessage[]> QueryAsync(HistoryQuery query)
    {
        var rows = new List<EGoatMessage>();
        await foreach (EGoatMessage row in _store.QueryMessagesAsync(query, default))
        {
            rows.Add(row);
        }

        return [.. rows];
    }

    private async Task<string> ShellAsync(string sql)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sqlite3", [Database, sql]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output.Trim();
    }
}
