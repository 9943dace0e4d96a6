using System.Security.Cryptography;
using System.Text;

namespace EGoat.Keys.Tests;

/// <summary>The words, codes made of them, and safety words.</summary>
public sealed class InviteCodeTests
{
    [Fact]
    public void The_list_has_1024_words_of_3_to_7_plain_letters_in_order()
    {
        Assert.Equal(WordList.Size, WordList.Words.Count);
        Assert.Equal(WordList.Words.Order(StringComparer.Ordinal), WordList.Words);
        Assert.All(WordList.Words, w => Assert.Matches("^[a-z]{3,7}$", w));
    }

    [Fact]
    public void Four_letters_tell_a_word_and_none_begins_another()
    {
        Assert.Equal(WordList.Size, WordList.Words.Select(w => w[..Math.Min(4, w.Length)]).Distinct().Count());
        Assert.DoesNotContain(WordList.Words.Zip(WordList.Words.Skip(1)), pair => pair.Second.StartsWith(pair.First, StringComparison.Ordinal));
    }

    [Fact]
    public void No_word_has_letters_that_are_not_heard_or_another_spelling()
    {
        string[] hard = ["kn", "wr", "gn", "ps", "rh", "mn"];
        Assert.DoesNotContain(WordList.Words, w => hard.Any(h => w.StartsWith(h, StringComparison.Ordinal)) || w.Contains("ough", StringComparison.Ordinal) || w.Contains("eigh", StringComparison.Ordinal) || w.EndsWith("mb", StringComparison.Ordinal));
        string[] british = ["color", "gray", "center", "meter", "theater", "plow", "humor", "harbor", "tire", "jewelry", "fiber", "honor", "flavor"];
        Assert.Empty(WordList.Words.Intersect(british));
    }

    [Fact]
    public void The_list_is_that_of_the_vectors() =>
        Assert.Equal(Vectors.Get("wordsSha256").GetValue<string>(), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', WordList.Words)))));

    [Theory]
    [InlineData("7-goat-piano")]
    [InlineData("7-GOAT-Piano")]
    [InlineData(" 7  goat   piano ")]
    [InlineData("7 goat, piano.")]
    [InlineData("7_goat_pian")]
    [InlineData("7–goat—piano")]
    public void A_code_is_read_as_people_say_it(string text)
    {
        Assert.True(InviteCode.TryParse(text, out InviteCode? code, out string error), error);
        Assert.Equal("7-goat-piano", code.Reveal());
        Assert.Equal(7, code.Slot);
    }

    [Theory]
    [InlineData(null, "a number and words")]
    [InlineData("", "a number and words")]
    [InlineData("goat-piano", "a number and words")]
    [InlineData("0-goat-piano", "a number and words")]
    [InlineData("1000000-goat-piano", "a number and words")]
    [InlineData("7", "This one has 0 words")]
    [InlineData("7-goat", "This one has 1 words")]
    [InlineData("7-goat-goat-goat-goat-goat-goat-goat", "This one has 7 words")]
    [InlineData("7-gaot-piano", "Word 1 of the code is not in the list of words; is it 'goat'?")]
    [InlineData("7-goat-pianno", "Word 2 of the code is not in the list of words; is it 'piano'?")]
    [InlineData("7-goat-qqqqqqq", "Word 2 of the code is not in the list of words.")]
    public void What_is_no_code_is_refused_with_the_reason(string? text, string reason)
    {
        Assert.False(InviteCode.TryParse(text, out _, out string error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Four_letters_find_a_word_but_no_more_than_the_word_has()
    {
        Assert.Equal("piano", WordList.Find("pian"));
        Assert.Equal("piano", WordList.Find("PIANO"));
        Assert.Null(WordList.Find("pia"));
        Assert.Null(WordList.Find("pianos"));
        Assert.Null(WordList.Find(""));
        Assert.Null(WordList.Find(new string('a', 1000)));
    }

    [Fact]
    public void A_suggestion_depends_on_what_was_typed_alone() => Assert.Equal(WordList.Suggest("gaot"), WordList.Suggest("gaot"));

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void New_codes_have_as_many_words_as_were_asked_for_and_are_read_back(int words)
    {
        var seen = new HashSet<string>();
        for (int i = 0; i < 100; i++)
        {
            InviteCode code = InviteCode.Create(4711, words);
            Assert.Equal(words, code.Reveal().Count(c => c == '-'));
            Assert.True(InviteCode.TryParse(code.Reveal(), out InviteCode? read, out _));
            Assert.Equal(code.Password, read.Password);
            seen.Add(code.Reveal());
        }

        Assert.True(seen.Count >= 99);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1_000_000, 2)]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    public void Codes_beyond_the_limits_are_not_made(int slot, int words) => Assert.Throws<ArgumentOutOfRangeException>(() => InviteCode.Create(slot, words));

    [Fact]
    public void Fifty_thousand_damaged_codes_are_read_or_refused()
    {
        var mutator = new Mutator(6);
        for (int i = 0; i < Testing.LongRun.Choose(50_000, 1_000_000); i++)
        {
            string text = mutator.Change(i % 2 == 0 ? "7-goat-piano" : "4711-abacus-acid-zoom-zebra");
            bool isCode = InviteCode.TryParse(text, out InviteCode? code, out string error);
            Assert.Equal(isCode, error.Length == 0);
            Assert.True(!isCode || InviteCode.TryParse(code!.Reveal(), out _, out _), text);
        }
    }

    [Fact]
    public void Safety_words_are_those_of_the_vectors_on_both_sides()
    {
        foreach (var vector in Vectors.All("safetyWords"))
        {
            string[] words = [.. vector["words"]!.AsArray().Select(w => w!.GetValue<string>())];
            Assert.Equal(words, SafetyWords.Of(vector.Text("one"), vector.Text("other")));
            Assert.Equal(words, SafetyWords.Of(vector.Text("other"), vector.Text("one")));
        }
    }

    [Fact]
    public void Nobody_has_safety_words_with_itself() => Assert.Throws<ArgumentException>(() => SafetyWords.Of("a", "a"));
}
