using Microsoft.Extensions.Time.Testing;

namespace EGoat.Terminal.Tests;

public sealed class ChatTextTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 14, 5, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("山田", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("👨‍👩‍👧", 2)]
    [InlineData("❤️", 2)]
    public void Width_is_in_columns(string text, int columns) => Assert.Equal(columns, DisplayText.Width(text));

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("山田太郎", 7, "山田太…")]
    [InlineData("山田太郎", 6, "山田…")]
    [InlineData("ab", 0, "")]
    public void Truncation_knows_widths(string text, int columns, string expected) => Assert.Equal(expected, DisplayText.Truncate(text, columns));

    [Fact]
    public void Messages_have_times_and_days_have_lines()
    {
        var lines = new ChatLines(hasColor: false, _time);
        Assert.Equal("── Thursday, 26 November 2026 ──\n14:05 anna: hi ✓", lines.Message(Message("hi", _time.GetUtcNow().AddDays(-1)), note: ChatLines.Tick));
        Assert.Equal("── Friday, 27 November 2026 ──\n14:05 anna (to bob): psst (waiting for bob)", lines.Message(Message("psst", _time.GetUtcNow()) with { Private = true }, "bob", "waiting for bob"));
        Assert.Equal("14:05 anna: x (not kept yet)", lines.Message(Message("x", _time.GetUtcNow()) with { Kept = false }));
    }

    [Fact]
    public void A_colour_belongs_to_an_identity_and_only_colours_are_sent()
    {
        var lines = new ChatLines(hasColor: true, _time);
        Assert.Equal(lines.Name("anna", "AAAA"), lines.Name("anna", "AAAA"));
        Assert.NotEqual(lines.Name("anna", "AAAA"), lines.Name("anna", "BBBC"));
        string hostile = lines.Message(Message("\e[2J\e[31mx", _time.GetUtcNow()) with { From = "\e]0;x\a" });
        Assert.Matches(@"^(\e\[[0-9;]*m|[^\e\x00-\x1f\x7f-\x9f])*$", hostile);
    }

    [Fact]
    public void Tab_completes_commands_names_and_paths()
    {
        string folder = Directory.CreateTempSubdirectory("egoat-tab-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "photos"));
            File.WriteAllText(Path.Combine(folder, "two words.txt"), "");
            File.WriteAllText(Path.Combine(folder, "report.txt"), "");
            var completer = new ChatCompleter(() => ["anna", "Anton", "bob", "\e[2J"]);
            Assert.Equal(["/accept "], Candidates(completer, "/ac"));
            Assert.Equal(["anna ", "Anton "], Candidates(completer, "/to an"));
            Assert.Equal(["bob: "], Candidates(completer, "b"));
            Assert.Equal(["bob "], Candidates(completer, "hello b"));
            Assert.Equal([$"{folder}/report.txt"], Candidates(completer, $"/file {folder}/re"));
            Assert.Equal([$"\"{folder}/two words.txt\""], Candidates(completer, $"/file {folder}/two"));
            Assert.Equal([$"{folder}/photos/"], Candidates(completer, $"/file {folder}/ph"));
            Assert.Null(completer.Complete("nobody has this", 15));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<string>? Candidates(ChatCompleter completer, string text) => completer.Complete(text, text.Length)?.Candidates;

    private static EGoatMessage Message(string text, DateTimeOffset at) => new()
    {
        Id = "id",
        Room = "lobby",
        From = "anna",
        FromIdentity = "AAAA",
        Text = text,
        SentAt = at,
        ReceivedAt = at,
        Direction = EGoatDirection.Received,
    };
}
