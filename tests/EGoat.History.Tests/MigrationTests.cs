using Microsoft.Data.Sqlite;

namespace EGoat.History.Tests;

public sealed class MigrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-history-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_file_of_an_earlier_version_keeps_what_it_holds(int version)
    {
        string path = Path.Combine(_folder, "chat.db");
        Create(path, version);
        await using HistoryStore store = HistoryStore.Open(path);

        Assert.Equal(["the first goat", "山田さんこんにちは"], (await store.QueryMessagesAsync(new HistoryQuery(), default).ToListAsync()).Select(m => m.Text));
        Assert.Equal("m1", Assert.Single(await store.QueryMessagesAsync(new HistoryQuery { Text = "goat" }, default).ToListAsync()).Id);
        EGoatTransfer sent = Assert.Single(await store.QueryTransfersAsync(new HistoryQuery(), default).ToListAsync());
        await store.PutTransferAsync(sent with { Direction = EGoatDirection.Received }, default);
        Assert.Equal(2, await store.QueryTransfersAsync(new HistoryQuery(), default).CountAsync());
        Assert.Equal(
            [
                Confirmed("m1", "lobby", "bob", "id-bob", 1500),
                Confirmed("m1", "lobby", "", "id-carol", 1600),
                Confirmed("gone", "", "bob", "id-bob", 1700),
            ],
            await store.GetDeliveriesAsync(["m1", "m2", "gone"], default));
    }

    [Fact]
    public async Task A_file_of_an_earlier_version_ends_with_the_schema_of_a_new_one()
    {
        string old = Path.Combine(_folder, "old.db");
        string created = Path.Combine(_folder, "new.db");
        Create(old, 1);
        await HistoryStore.Open(old).DisposeAsync();
        await HistoryStore.Open(created).DisposeAsync();
        Assert.Equal(Describe(created), Describe(old));
    }

    private static EGoatDelivery Confirmed(string message, string room, string peer, string identity, long at) => new()
    {
        MessageId = message, Room = room, Peer = peer, PeerIdentity = identity, State = EGoatDeliveryState.Confirmed, At = DateTimeOffset.FromUnixTimeMilliseconds(at),
    };

    private static void Create(string path, int version)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Execute(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Files", $"version-{version}.sql")));
    }

    private static List<string> Describe(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection.Query("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name", row => row.GetString(0));
    }
}
