using System.Text;

namespace EGoat.Tests;

/// <summary>Texts of peers and servers as people see them.</summary>
public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("txt\u202egnp.exe", @"txt\u202egnp.exe")]
    [InlineData("\u001b[2J", @"\u001b[2J")]
    [InlineData("\u001b]52;c;eA==\u0007no\r\nPS> ", @"\u001b]52;c;eA==\u0007no\u000d\u000aPS> ")]
    [InlineData("a\u200bb\u009b\u2028", @"a\u200bb\u009b\u2028")]
    [InlineData("a\u00a0b\u3000c\td", @"a\u00a0b\u3000c\u0009d")]
    [InlineData("\U000e0041lice", @"\u{e0041}lice")]
    [InlineData("a\u3164\u115f\uffa0\u2800b", @"a\u3164\u115f\uffa0\u2800b")]
    [InlineData("a\u034fb\u17b4\u00ad\u2066", @"a\u034fb\u17b4\u00ad\u2066")]
    [InlineData("\ue000\U000f0000\u0378", @"\ue000\u{f0000}\u0378")]
    public void What_could_deceive_is_written_out(string text, string shown)
    {
        Assert.Equal(shown, VisibleText.Line(text));
        Assert.False(VisibleText.IsClean(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ada@host 1 (2) – „é“ 🐐")]
    [InlineData("山羊 ヤギ 염소 козёл τράγος עז ماعز बकरी แพะ")]
    [InlineData("e\u0301 Việt a\u0323\u0302")]
    [InlineData("می\u200cخواهم")]
    [InlineData("क्\u200dष न्\u200cन")]
    [InlineData("👩\u200d🚀 👩🏽\u200d🚀 🏳\ufe0f\u200d🌈 ❤\ufe0f ↔\ufe0f 1\ufe0f\u20e3 🇩🇪")]
    [InlineData("葛\U000e0100城")]
    public void What_people_write_stays(string text)
    {
        Assert.Equal(text, VisibleText.Line(text));
        Assert.Equal(text, VisibleText.Text(text));
        Assert.True(VisibleText.IsClean(text));
    }

    [Theory]
    [InlineData("al\u200dice", @"al\u200dice")]
    [InlineData("al\u200cice", @"al\u200cice")]
    [InlineData("\u200d🚀", @"\u200d🚀")]
    [InlineData("🚀\u200d", @"🚀\u200d")]
    [InlineData("می\u200c\u200cخ", @"می\u200c\u200cخ", false)]
    [InlineData("a\ufe0fb", @"a\ufe0fb")]
    [InlineData("1\ufe0f2", @"1\ufe0f2")]
    [InlineData("❤\ufe0f\ufe0f", "❤\ufe0f\\ufe0f")]
    [InlineData("a\U000e0100", @"a\u{e0100}")]
    public void Joiners_and_selectors_are_kept_only_where_they_mean_something(string text, string shown, bool isExact = true)
    {
        Assert.False(VisibleText.IsClean(text));
        if (isExact)
        {
            Assert.Equal(shown, VisibleText.Line(text));
        }
    }

    [Fact]
    public void Halves_of_pairs_are_written_out() => Assert.Equal(@"\udc00a\ud83d", VisibleText.Line("\udc00a\ud83d"));

    [Fact]
    public void Marks_pile_up_to_a_bound()
    {
        string zalgo = "e" + new string('\u0301', 200) + "f";
        Assert.Equal("e" + new string('\u0301', VisibleText.MaxMarks) + "…f", VisibleText.Line(zalgo));
    }

    [Fact]
    public void A_mark_at_the_beginning_does_not_sit_on_what_stands_before()
    {
        Assert.Equal("\u25cc\u0338x", VisibleText.Line("\u0338x"));
        Assert.Equal("a \u25cc\u0338", VisibleText.Line("a \u0338"));
    }

    [Fact]
    public void Lines_of_a_message_stay_and_none_looks_like_one_of_the_program()
    {
        Assert.Equal("one\n    bob: two\n    \n    three    four five", VisibleText.Text("one\r\nbob: two\r\u2028three\tfour\u00a0five", "    "));
        Assert.Equal("a\nb", VisibleText.Text("a\nb"));
    }

    [Fact]
    public void Quoted_text_is_cut_between_characters()
    {
        Assert.Equal("'goat'", VisibleText.Quote("goat"));
        Assert.Equal($"'{new string('a', 79)}…'", VisibleText.Quote(new string('a', 79) + "🐐 and more"));
        Assert.Equal(3, VisibleText.Cut(new string('a', 100), 2).Length);
        Assert.Equal("''", VisibleText.Quote(null));
    }

    [Theory]
    [InlineData("=cmd|' /C calc'!A0")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    [InlineData("\r\n=1")]
    [InlineData("  =1")]
    [InlineData("\uff1d1")]
    public void A_formula_in_a_table_is_a_text(string text) => Assert.Equal($"'{text}", VisibleText.Cell(text));

    [Theory]
    [InlineData("")]
    [InlineData("goat")]
    [InlineData("1 - 2 = -1")]
    public void Other_texts_in_a_table_stay(string text) => Assert.Equal(text, VisibleText.Cell(text));

    [Fact]
    public void Whatever_comes_is_shown_without_what_moves_or_hides_and_cleaning_again_changes_nothing()
    {
        var random = new Random(18);
        char[] odd = [.. "\u001b\u009b\r\n\t\u202e\u200b\u200c\u200d\u0301\u0338\ufe0f\ufe0e\u20e3\u2066\ud83d\udc10\udb40\udc41\u3164\u034fa1 🐐کक्"];
        for (int i = 0; i < 50_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(24)).Select(_ => random.Next(4) == 0 ? (char)random.Next(0x10000) : odd[random.Next(odd.Length)])]);
            string shown = VisibleText.Line(text);
            Assert.DoesNotContain(shown.EnumerateRunes(), r => Rune.IsControl(r) || r == Rune.ReplacementChar && !text.Contains('\ufffd', StringComparison.Ordinal));
            Assert.DoesNotContain(shown, c => c is '\u202e' or '\u2066' or '\u200b' or '\u3164' or '\u034f' or '\u2028');
            Assert.Equal(shown, VisibleText.Line(shown));
            Assert.DoesNotContain('\u001b', VisibleText.Text(text));
        }
    }

    [Fact]
    public void Objects_show_themselves_without_what_deceives()
    {
        var message = new EGoatMessage
        {
            Id = "1", Room = "lobby", From = "a\u202eda", FromIdentity = "i", Text = "one\n\u001b[2Jtwo", SentAt = default, ReceivedAt = default, Direction = EGoatDirection.Received,
        };
        var peer = new EGoatPeer { Id = "id", Room = "lobby", Name = "a\U000e0041da", Identity = "", State = EGoatPeerState.Connected };
        var transfer = new EGoatTransfer
        {
            Id = "1", Room = "lobby", Name = "go\u200bat", Path = "", Peer = "bo\nb", PeerIdentity = "", Direction = EGoatDirection.Received, Length = 1, State = EGoatTransferState.Active, Started = default,
        };
        Assert.Equal("a\\u202eda: one\n    \\u001b[2Jtwo", $"{message}");
        Assert.Equal(@"a\u{e0041}da", $"{peer}");
        Assert.Equal("id", $"{peer with { Name = "" }}");
        Assert.Equal(@"go\u200bat from bo\u000ab: Active", $"{transfer}");
    }
}
