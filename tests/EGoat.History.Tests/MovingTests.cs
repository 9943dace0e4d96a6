using System.Text;
using Microsoft.Data.Sqlite;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>Saving, exporting, importing and removing.</summary>
public sealed class MovingTests : IAsyncLifetime
{
    private readonly HistoryFolder _folder = new();
    private HistoryStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = _folder.Open();
        await _store.AddMessageAsync(Message("1") with { Text = "Grüezi \"quoted\", \r\nsecond line \u001b[31m 🐐", Private = true }, default);
        await _store.AddMessageAsync(Message("2") with { Direction = EGoatDirection.Received, From = "bob", FromIdentity = "id-bob", SentAt = Noon.AddMilliseconds(1), ReceivedAt = Noon.AddHours(1) }, default);
        await _store.AddMessageAsync(Message("3") with { Room = "attic", ReceivedAt = Noon.AddHours(2) }, default);
        await _store.PutDeliveriesAsync([Delivery("1", EGoatDeliveryState.Confirmed), Delivery("3", EGoatDeliveryState.Waiting), Delivery("3", EGoatDeliveryState.NotConfirmed, "carol") with { Reason = "carol left." }], default);
        await _store.PutTransferAsync(Transfer("t1"), default);
        await _store.PutTransferAsync(Transfer("t2") with { Room = "attic", Started = Noon.AddHours(2), State = EGoatTransferState.Failed, Error = "No room.", Finished = null, TreeHash = null, Direction = EGoatDirection.Received }, default);
        await _store.NoteIdentityAsync("id-bob", "bob", "lobby", Noon, default);
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_copy_made_while_the_history_is_written_is_complete_and_the_owners_alone()
    {
        using SqliteConnection reader = _folder.Connect();
        reader.Execute("BEGIN");
        reader.GetNumber("SELECT count(*) FROM messages"); // so that nothing can leave the log
        await _store.AddMessageAsync(Message("4"), default);
        string copy = _folder.Sub("copy.db");
        await _store.SaveAsync(copy, overwrite: false, default);
        Assert.Equal([copy], Directory.GetFiles(_folder.Path, "copy*"));
        Assert.False(OwnerOnly.IsOpenToOthers(copy));
        await using HistoryStore saved = HistoryStore.Open(copy, _folder.Options);
        Assert.Equal(await AllAsync(_store), await AllAsync(saved));
        Assert.Single(await saved.GetWaitingAsync("attic", "id-bob", default));
        Assert.Equal("1", Assert.Single(await saved.QueryMessagesAsync(new HistoryQuery { Text = "Grüezi" }, default).ToListAsync()).Id);
    }

    [Fact]
    public async Task A_copy_overwrites_only_what_it_may()
    {
        string copy = _folder.Sub("copy.db");
        await File.WriteAllTextAsync(copy, "mine");
        await Assert.ThrowsAsync<IOException>(() => _store.SaveAsync(copy, overwrite: false, default));
        Assert.Equal("mine", await File.ReadAllTextAsync(copy));
        await _store.SaveAsync(copy, overwrite: true, default);
        await using HistoryStore saved = HistoryStore.Open(copy, _folder.Options);
        Assert.Equal(3, (await AllAsync(saved)).Count);
        await Assert.ThrowsAsync<ArgumentException>(() => _store.SaveAsync(_folder.Database, overwrite: true, default));
        await Assert.ThrowsAnyAsync<IOException>(() => _store.SaveAsync(_folder.Sub("no/such/folder.db"), overwrite: true, default));

        // The copy is whole, and cannot go where it shall.
        Directory.CreateDirectory(_folder.Sub("folder"));
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => _store.SaveAsync(_folder.Sub("folder"), overwrite: true, default));
        Assert.True(failure is IOException or UnauthorizedAccessException, failure.Message);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.tmp"));
    }

    [Fact]
    public async Task A_copy_that_is_canceled_leaves_nothing()
    {
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.SaveAsync(_folder.Sub("copy.db"), overwrite: false, canceled.Token));
        Assert.Empty(Directory.GetFiles(_folder.Path, "copy*"));
    }

    [Fact]
    public async Task JSON_lines_carry_everything_and_come_back_as_it_was()
    {
        byte[] exported = await ExportAsync(HistoryFormat.JsonLines);
        Assert.DoesNotContain((byte)0x1b, exported);
        await using HistoryStore other = HistoryStore.Open(_folder.Sub("other.db"), _folder.Options);
        HistoryImport import = await ImportAsync(other, HistoryFormat.JsonLines, exported);
        Assert.Equal(new HistoryImport { MessagesAdded = 3, TransfersAdded = 2, IdentitiesAdded = 1, Problems = import.Problems }, import);
        Assert.Empty(import.Problems);
        Assert.Equal(await AllAsync(_store), await AllAsync(other));
        Assert.Equal(await _store.QueryTransfersAsync(new HistoryQuery(), default).ToListAsync(), await other.QueryTransfersAsync(new HistoryQuery(), default).ToListAsync());
        Assert.Equal(new IdentitySighting(false, false), await other.NoteIdentityAsync("id-bob", "bob", "lobby", Noon, default));
        Assert.Equal(
            [
                Delivery("1", EGoatDeliveryState.Confirmed),
                Delivery("3", EGoatDeliveryState.NotConfirmed) with { Reason = "It was waiting where it was exported." },
                Delivery("3", EGoatDeliveryState.NotConfirmed, "carol") with { Reason = "carol left." },
            ],
            await other.GetDeliveriesAsync(["1", "2", "3"], default));
    }

    [Fact]
    public async Task Importing_again_adds_nothing_and_changes_nothing()
    {
        byte[] exported = await ExportAsync(HistoryFormat.JsonLines);
        await _store.AddMessageAsync(Message("4"), default);
        List<EGoatMessage> before = await AllAsync(_store);
        HistoryImport import = await ImportAsync(_store, HistoryFormat.JsonLines, [.. exported, .. exported]);
        Assert.Equal(new HistoryImport { MessagesPresent = 6, TransfersPresent = 4, IdentitiesPresent = 2, Problems = import.Problems }, import);
        Assert.Equal(before, await AllAsync(_store));
        Assert.Equal(EGoatDeliveryState.Waiting, (await _store.GetDeliveriesAsync(["3"], default))[0].State);
    }

    [Fact]
    public async Task Identities_keep_their_earliest_and_latest_time()
    {
        string seen = """{"type":"identity","identity":"id-bob","name":"bob","room":"elsewhere","firstSeen":"2020-01-01T00:00:00Z","lastSeen":"2020-02-01T00:00:00Z"}""";
        Assert.Equal(1, (await ImportAsync(_store, HistoryFormat.JsonLines, Encoding.UTF8.GetBytes(seen))).IdentitiesPresent);
        using SqliteConnection connection = _folder.Connect();
        Assert.Equal(
            [("lobby", new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), Noon.ToUnixTimeMilliseconds())],
            connection.Query("SELECT room, first_seen, last_seen FROM identities", row => (row.GetString(0), row.GetInt64(1), row.GetInt64(2))));
    }

    [Fact]
    public async Task An_export_holds_what_the_query_finds()
    {
        string[] lines = Encoding.UTF8.GetString(await ExportAsync(HistoryFormat.JsonLines, new HistoryQuery { Room = "attic" })).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, l => Assert.Contains("\"room\":\"attic\"", l, StringComparison.Ordinal));
        Assert.Single(Encoding.UTF8.GetString(await ExportAsync(HistoryFormat.JsonLines, new HistoryQuery { Text = "Grüezi" })).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(3, await _store.CountMessagesAsync(new HistoryQuery { Take = 1, Skip = 1 }, default));
        Assert.Equal(1, await _store.CountMessagesAsync(new HistoryQuery { Direction = EGoatDirection.Received }, default));
        Assert.Equal("t2", Assert.Single(await _store.QueryTransfersAsync(new HistoryQuery { TransferState = EGoatTransferState.Failed }, default).ToListAsync()).Id);
        Assert.Equal("t1", Assert.Single(await _store.QueryTransfersAsync(new HistoryQuery { Direction = EGoatDirection.Sent, Peer = "bob", Room = "lobby", Since = Noon, Until = Noon.AddHours(1) }, default).ToListAsync()).Id);
    }

    [Theory]
    [InlineData("not json", "It is not JSON.")]
    [InlineData("[]", "A member is missing")]
    [InlineData("""{"type":"goat"}""", "Its type is none of")]
    [InlineData("""{"type":"message","id":"x"}""", "A member is missing")]
    [InlineData("""{"type":"message","id":"","room":"r","from":"f","fromIdentity":"i","text":"t","sentAt":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"Sent"}""", "'id' is empty")]
    [InlineData("""{"type":"message","id":"x","room":"r","from":"f","fromIdentity":"i","text":"t","sentAt":"1950-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"Sent"}""", "A time is before 1970")]
    [InlineData("""{"type":"message","id":"x","room":"r","from":"f","fromIdentity":"i","text":"t","sentAt":"2026-01-01T00:00:00Z","receivedAt":"yesterday","direction":"Sent"}""", "'receivedAt' is not a time.")]
    [InlineData("""{"type":"message","id":"x","room":"r","from":"f","fromIdentity":"i","text":"t","sentAt":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"1"}""", "none of the values Received, Sent")]
    [InlineData("""{"type":"message","id":"x","room":"r","from":"f","fromIdentity":"i","text":null,"sentAt":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"Sent"}""", "'text' is null")]
    public async Task What_cannot_be_taken_is_told_with_its_line_and_the_rest_goes_on(string line, string problem)
    {
        string good = Encoding.UTF8.GetString(await ExportAsync(HistoryFormat.JsonLines, new HistoryQuery { Room = "lobby" }));
        await using HistoryStore other = HistoryStore.Open(_folder.Sub("other.db"), _folder.Options);
        HistoryImport import = await ImportAsync(other, HistoryFormat.JsonLines, Encoding.UTF8.GetBytes($"\n{line}\r\n\n{good}"));
        Assert.Equal((2, 1, 1), (import.MessagesAdded, import.TransfersAdded, import.Rejected));
        Assert.StartsWith($"Line 2: {problem}", Assert.Single(import.Problems).Replace("It has ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_long_and_endless_lines_are_told_and_bounded()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 10_000));
        string message = """{"type":"message","id":"x","room":"r","from":"f","fromIdentity":"i","text":"TEXT","sentAt":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"Sent"}""";
        string endless = new('x', 9 << 20);
        string longText = message.Replace("TEXT", new string('x', (1 << 20) + 1), StringComparison.Ordinal);
        HistoryImport import = await ImportAsync(_store, HistoryFormat.JsonLines, Encoding.UTF8.GetBytes(string.Join('\n', [deep, endless, longText, message, .. Enumerable.Repeat("no", 200)])));
        Assert.Equal((1, 203), (import.MessagesAdded, import.Rejected));
        Assert.Equal(HistoryImport.MaxProblems, import.Problems.Count);
        Assert.Equal(["Line 1: It is not JSON.", "Line 2: It is longer than 8388608 characters.", "Line 3: 'text' is longer than 1048576 characters.", "Line 5: It is not JSON."], import.Problems.Take(4));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("=cmd|' /C calc'!A0")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    [InlineData("\r=1")]
    [InlineData("\n=1")]
    [InlineData("＝1")]
    [InlineData("'=1")]
    [InlineData("''=1")]
    [InlineData("'plain")]
    [InlineData("a,b\"c\"\r\nd")]
    [InlineData("")]
    [InlineData("'")]
    public async Task A_table_neutralises_formulas_and_comes_back_as_it_was(string text)
    {
        await using HistoryStore from = HistoryStore.Open(_folder.Sub("from.db"), _folder.Options);
        await from.AddMessageAsync(Message("1") with { Text = text, From = text }, default);
        byte[] table = await ExportAsync(HistoryFormat.Csv, new HistoryQuery(), from);
        Assert.Equal(Encoding.UTF8.GetPreamble(), table[..3]);
        string cells = Encoding.UTF8.GetString(table[3..]);
        Assert.StartsWith("Id,Room,From,FromIdentity,Text,SentAt,ReceivedAt,Direction,Private\r\n\"1\",\"lobby\",\"", cells, StringComparison.Ordinal);
        Assert.DoesNotMatch(",\"[=+@\\-\\t\\r\\n\uFF1D]", cells);
        await using HistoryStore other = HistoryStore.Open(_folder.Sub("other.db"), _folder.Options);
        Assert.Equal(1, (await ImportAsync(other, HistoryFormat.Csv, table)).MessagesAdded);
        Assert.Equal(await AllAsync(from), await AllAsync(other));
    }

    [Fact]
    public async Task A_table_of_another_program_is_taken_by_its_columns()
    {
        string table = "Sequence,receivedat,SentAt,Text,FromIdentity,From,Room,Id\r\n7,2026-01-01T12:00:00Z,2026-01-01T12:00:00Z,hello,id-bob,bob,lobby,x1\r\n\r\n8,never,,,,,,\r\n9";
        HistoryImport import = await ImportAsync(_store, HistoryFormat.Csv, Encoding.UTF8.GetBytes(table));
        Assert.Equal((1, 2), (import.MessagesAdded, import.Rejected));
        Assert.Equal(["Line 4: A time cannot be read.", "Line 5: Id is missing."], import.Problems);
        EGoatMessage taken = Assert.Single(await _store.QueryMessagesAsync(new HistoryQuery { Text = "hello" }, default).ToListAsync());
        Assert.Equal(("x1", "bob", EGoatDirection.Received, false), (taken.Id, taken.From, taken.Direction, taken.Private));
        Assert.Equal("The column Id is missing.", (await Assert.ThrowsAsync<FormatException>(() => ImportAsync(_store, HistoryFormat.Csv, "a,b"u8.ToArray()))).Message);
        await Assert.ThrowsAsync<FormatException>(() => ImportAsync(_store, HistoryFormat.Csv, []));
    }

    [Fact]
    public async Task A_large_import_comes_in_several_commits()
    {
        await using HistoryStore from = HistoryStore.Open(_folder.Sub("from.db"), _folder.Options);
        await Task.WhenAll(Enumerable.Range(0, 1234).Select(i => from.AddMessageAsync(Message($"m{i}"), default).AsTask()));
        byte[] exported = await ExportAsync(HistoryFormat.JsonLines, new HistoryQuery(), from);
        Assert.Equal(1234, (await ImportAsync(_store, HistoryFormat.JsonLines, exported)).MessagesAdded);
        Assert.Equal(1237, await _store.CountMessagesAsync(new HistoryQuery(), default));
    }

    [Fact]
    public async Task What_is_removed_is_gone_from_tables_search_and_file()
    {
        const string Secret = "a very secret goat";
        await _store.AddMessageAsync(Message("secret") with { Room = "attic", Text = Secret, ReceivedAt = Noon.AddHours(3) }, default);
        Assert.Equal(new HistoryRemoval(2, 1), await _store.RemoveAsync("attic", null, default));
        Assert.Equal(["1", "2"], (await AllAsync(_store)).Select(m => m.Id));
        Assert.Empty(await _store.QueryMessagesAsync(new HistoryQuery { Text = "secret" }, default).ToListAsync());
        Assert.Equal("t1", Assert.Single(await _store.QueryTransfersAsync(new HistoryQuery(), default).ToListAsync()).Id);
        Assert.Empty(await _store.GetDeliveriesAsync(["3"], default));
        Assert.Single(await _store.GetDeliveriesAsync(["1"], default));
        await _store.DisposeAsync();
        byte[] file = await File.ReadAllBytesAsync(_folder.Database);
        Assert.True(file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)) < 0);
        Assert.True(file.AsSpan().IndexOf("Grüezi"u8) > 0);
        _store = _folder.Open();
    }

    [Fact]
    public async Task Removal_is_of_what_is_older_than_a_time_in_a_room_or_in_all()
    {
        Assert.Equal(new HistoryRemoval(0, 0), await _store.RemoveAsync("attic", Noon.AddHours(2), default));
        Assert.Equal(new HistoryRemoval(1, 1), await _store.RemoveAsync(null, Noon.AddHours(1), default));
        Assert.Equal(["2", "3"], (await AllAsync(_store)).Select(m => m.Id));
        Assert.Equal(2, (await _store.GetDeliveriesAsync(["3"], default)).Count);
        Assert.Equal(new HistoryRemoval(1, 1), await _store.RemoveAsync("attic", Noon.AddHours(3), default));
        await Assert.ThrowsAsync<ArgumentException>(() => _store.RemoveAsync(null, null, default));
    }

    [Fact]
    public async Task A_message_that_was_received_takes_no_outcome_of_one_that_was_sent_along()
    {
        await _store.AddMessageAsync(Message("1") with { Room = "cellar", Direction = EGoatDirection.Received, FromIdentity = "id-bob" }, default);
        Assert.Equal(new HistoryRemoval(1, 0), await _store.RemoveAsync("cellar", null, default));
        Assert.Equal([Delivery("1", EGoatDeliveryState.Confirmed)], await _store.GetDeliveriesAsync(["1"], default));
    }

    [Fact]
    public async Task What_is_removed_is_gone_from_the_index_of_the_search()
    {
        await _store.AddMessageAsync(Message("secret") with { Room = "attic", Text = "qzx" }, default);
        await _store.RemoveAsync("attic", null, default);
        await _store.DisposeAsync();
        byte[] file = await File.ReadAllBytesAsync(_folder.Database);
        Assert.Equal(-1, file.AsSpan().IndexOf("qzx"u8));
        _store = _folder.Open();
    }

    private static EGoatDelivery Delivery(string message, EGoatDeliveryState state, string peer = "bob") => new()
    {
        MessageId = message, Room = message == "3" ? "attic" : "lobby", Peer = peer, PeerIdentity = $"id-{peer}", State = state, At = Noon,
    };

    private static EGoatTransfer Transfer(string id) => new()
    {
        Id = id, Room = "lobby", Name = "goat.bin", Path = "/goat.bin", Peer = "bob", PeerIdentity = "id-bob", Direction = EGoatDirection.Sent, Length = 100, BytesTransferred = 90, BytesResumed = 10,
        State = EGoatTransferState.Completed, Started = Noon, Finished = Noon.AddSeconds(1), TreeHash = "eg2:00", Rate = 1.5,
    };

    private static async Task<List<EGoatMessage>> AllAsync(HistoryStore store) => await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync();

    private async Task<byte[]> ExportAsync(HistoryFormat format, HistoryQuery? query = null, HistoryStore? store = null)
    {
        using var to = new MemoryStream();
        long count = await (store ?? _store).ExportAsync(to, format, query ?? new HistoryQuery(), default);
        if (format == HistoryFormat.JsonLines)
        {
            Assert.Equal(to.ToArray().Count(b => b == '\n'), count);
        }

        return to.ToArray();
    }

    private static async Task<HistoryImport> ImportAsync(HistoryStore store, HistoryFormat format, byte[] content)
    {
        using var from = new MemoryStream(content);
        return await store.ImportAsync(from, format, default);
    }
}
