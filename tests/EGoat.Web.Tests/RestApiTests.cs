using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EGoat.History;

namespace EGoat.Web.Tests;

/// <summary>The history over REST: pages, searches, and what does not fit.</summary>
public sealed class RestApiTests : IAsyncLifetime
{
    private const string Good = """{"id":"01890000-0000-7000-8000-000000000000","room":"lobby","from":"ada","fromIdentity":"x","text":"hello","sentAt":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:00Z","direction":"Received"}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-rest-").FullName;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private readonly HttpClient _client = new();
    private HistoryStore _store = null!;
    private SignalingServer _server = null!;

    public async Task InitializeAsync()
    {
        _store = HistoryStore.Open(Path.Combine(_folder, "chat.db"));
        _server = await SignalingServer.StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, _store, _limit.Token);
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _server.Token);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        _client.Dispose();
        _limit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Before_and_after_page_through_the_history_without_gap_or_repetition()
    {
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await PostAsync(Good.Replace("8000-000000000000", $"8000-{i:d12}", StringComparison.Ordinal).Replace("hello", $"text {i}", StringComparison.Ordinal))).StatusCode);
        }

        JsonObject[] newest = await GetAsync("order=newest&take=3");
        Assert.Equal(["text 6", "text 5", "text 4"], newest.Select(m => (string?)m["text"]));
        JsonObject[] older = await GetAsync($"order=newest&take=3&before={newest[^1]["sequence"]}");
        Assert.Equal(["text 3", "text 2", "text 1"], older.Select(m => (string?)m["text"]));
        JsonObject[] later = await GetAsync($"order=oldest&take=3&after={older[0]["sequence"]}");
        Assert.Equal(["text 4", "text 5", "text 6"], later.Select(m => (string?)m["text"]));
        Assert.Empty(await GetAsync($"after={newest[0]["sequence"]}"));
        Assert.Empty(await GetAsync($"before={(await GetAsync("order=oldest&take=1"))[0]["sequence"]}"));
    }

    [Theory]
    [InlineData("text=a%00b", "text")]
    [InlineData("room=%00", "room")]
    [InlineData("peer=%00", "peer")]
    [InlineData("before=x", "before")]
    [InlineData("after=-1", "after")]
    [InlineData("take=0", "take")]
    [InlineData("since=yesterday", "since")]
    [InlineData("order=random", "order")]
    [InlineData("unknown=1", "unknown")]
    public async Task A_parameter_that_does_not_fit_is_named(string query, string name)
    {
        HttpResponseMessage response = await _client.GetAsync(new Uri(_server.Url, $"/api/history?{query}"), _limit.Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains($"'{name}'", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"from\":\"ada\"", "\"from\":null", "from")]
    [InlineData("\"text\":\"hello\"", "\"text\":null", "text")]
    [InlineData("\"text\":\"hello\"", "\"text\":{}", "text")]
    [InlineData("\"text\":\"hello\"", "\"text\":\"\\ud800\"", "text")]
    [InlineData("\"room\":\"lobby\"", "\"room\":\"no room!\"", "room")]
    [InlineData("\"room\":\"lobby\"", "\"room\":null", "room")]
    [InlineData("\"fromIdentity\":\"x\"", "\"fromIdentity\":null", "fromIdentity")]
    [InlineData("\"direction\":\"Received\"", "\"direction\":99", "direction")]
    [InlineData("\"direction\":\"Received\"", "\"direction\":\"Sideways\"", "direction")]
    [InlineData("\"sentAt\":\"2026-01-01T00:00:00Z\"", "\"sentAt\":\"soon\"", "sentAt")]
    [InlineData("\"id\":\"01890000-0000-7000-8000-000000000000\"", "\"id\":\"x\"", "id")]
    public async Task A_message_that_does_not_fit_is_refused_and_the_member_named(string good, string bad, string name)
    {
        HttpResponseMessage response = await PostAsync(Good.Replace(good, bad, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(name, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"], StringComparison.Ordinal);
        Assert.Empty(await GetAsync(""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("not json")]
    public async Task What_is_no_message_at_all_is_refused(string body)
    {
        HttpResponseMessage response = await PostAsync(body);
        Assert.InRange((int)response.StatusCode, 400, 413);
        Assert.NotNull((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]);
    }

    private async Task<HttpResponseMessage> PostAsync(string body) =>
        await _client.PostAsync(new Uri(_server.Url, "/api/history"), new StringContent(body, Encoding.UTF8, "application/json"), _limit.Token);

    private async Task<JsonObject[]> GetAsync(string query) =>
        [.. JsonNode.Parse(await _client.GetStringAsync(new Uri(_server.Url, $"/api/history?{query}"), _limit.Token))!.AsArray().Select(m => m!.AsObject())];
}
