using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

public sealed class SearchTests : IDisposable
{
    private readonly HistoryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("oat", "goat")] // a part of a word
    [InlineData("GOAT", "goat")]
    [InlineData("climbs goat", "goat")] // in any order
    [InlineData("goat nothing")]
    [InlineData("a climbs", "goat")]
    [InlineData("mb", "goat")] // shorter than a trigram
    [InlineData("A", "goat", "letter")]
    [InlineData("さん", "yamada")]
    [InlineData("山田さん", "yamada")]
    [InlineData("んこんに", "yamada")]
    [InlineData("田", "yamada")]
    [InlineData("ÜEZ", "greeting")]
    [InlineData("Ü", "greeting")]
    [InlineData("🐐", "greeting")] // one character, two halves
    [InlineData("🐐🐐🐐", "greeting")]
    [InlineData("100%", "percent")]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("\"")]
    [InlineData("x\"y")]
    [InlineData("goat*")]
    [InlineData("goat OR yamada")]
    [InlineData("'; DROP TABLE messages; --")]
    [InlineData("goat\0climbs", "goat")]
    [InlineData("\0", "goat", "letter", "yamada", "greeting", "percent")]
    [InlineData("  ", "goat", "letter", "yamada", "greeting", "percent")]
    [InlineData("\ud83d")]
    public async Task Words_and_parts_of_words_are_found_in_every_script_and_taken_literally(string text, params string[] expected)
    {
        await using HistoryStore store = _folder.Open();
        await store.AddMessageAsync(Message("goat") with { Text = "The goat climbs" }, default);
        await store.AddMessageAsync(Message("letter") with { Text = "a" }, default);
        await store.AddMessageAsync(Message("yamada") with { Text = "山田さんこんにちは" }, default);
        await store.AddMessageAsync(Message("greeting") with { Text = "Grüezi 🐐🐐🐐" }, default);
        await store.AddMessageAsync(Message("percent") with { Text = "100 is 100%-ish" }, default);
        if (text == "%")
        {
            expected = ["percent"];
        }

        Assert.Equal(expected, (await store.QueryMessagesAsync(new HistoryQuery { Text = text }, default).ToListAsync()).Select(m => m.Id));
        Assert.Equal(expected.Length, await store.CountMessagesAsync(new HistoryQuery { Text = text }, default));
    }

    [Fact]
    public async Task A_search_of_very_many_words_is_answered()
    {
        await using HistoryStore store = _folder.Open();
        await store.AddMessageAsync(Message("1") with { Text = "goat" }, default);
        string text = string.Join(' ', Enumerable.Repeat("go", 10_000));
        Assert.Single(await store.QueryMessagesAsync(new HistoryQuery { Text = text }, default).ToListAsync());
    }
}
