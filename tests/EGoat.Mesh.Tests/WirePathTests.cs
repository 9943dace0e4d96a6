using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

public sealed class WirePathTests
{
    [Theory]
    [InlineData("goat.txt")]
    [InlineData("folder/goat.txt")]
    [InlineData("-rf")]
    [InlineData("$(reboot)")]
    [InlineData("'; rm *")]
    [InlineData("[a]*?")]
    [InlineData("`“typographic” ‘quotes’")]
    [InlineData("...")]
    [InlineData("🐐")]
    public void Ordinary_names_are_taken_whatever_a_shell_would_make_of_them(string path) =>
        Assert.True(WirePath.TrySplit(path, PathRules.Linux, out _, out _));

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../goat")]
    [InlineData("a/../../goat")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a\\..\\b")]
    [InlineData("C:goat")]
    [InlineData("C:/goat")]
    [InlineData("..\\goat")]
    [InlineData("C:\\goat")]
    [InlineData("\\\\server\\share\\goat")]
    [InlineData("\\\\?\\C:\\goat")]
    [InlineData("goat\0.txt")]
    [InlineData("goat\u001b[2J")]
    [InlineData("\u001b]52;c;eA==\u0007")]
    [InlineData("\u001b]8;;http://x\u001b\\goat")]
    [InlineData("goat\u009b2J")]
    [InlineData("goat\r")]
    [InlineData("goat\nPS> ")]
    [InlineData("goat\a")]
    [InlineData(".egoat-0123456789abcdef.part")]
    public void Names_that_leave_the_folder_or_deceive_are_refused_everywhere(string path)
    {
        foreach (PathRules rules in (PathRules[])[PathRules.Linux, PathRules.MacOS, PathRules.Windows])
        {
            Assert.False(WirePath.TrySplit(path, rules, out _, out string refusal));
            Assert.NotEmpty(refusal);
        }
    }

    [Theory]
    [InlineData("CON")]
    [InlineData("NUL")]
    [InlineData("nul.txt")]
    [InlineData("com1")]
    [InlineData("COM¹.log")]
    [InlineData("goat.")]
    [InlineData("goat ")]
    [InlineData("goat.txt:stream")]
    [InlineData("a<b")]
    public void Names_that_mean_something_else_on_Windows_are_refused_there(string path)
    {
        Assert.False(WirePath.TrySplit(path, PathRules.Windows, out _, out _));
        Assert.True(WirePath.TrySplit(path, PathRules.Linux, out _, out _));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused() => Assert.False(WirePath.TrySplit("goat\ud83d", PathRules.Linux, out _, out _));

    [Fact]
    public void Too_long_and_too_deep_paths_are_refused()
    {
        Assert.False(WirePath.TrySplit(new string('a', 256), PathRules.Linux, out _, out _));
        Assert.False(WirePath.TrySplit(new string('ü', 128), PathRules.Linux, out _, out _));
        Assert.True(WirePath.TrySplit(new string('ü', 127), PathRules.Linux, out _, out _));
        Assert.False(WirePath.TrySplit(string.Join('/', Enumerable.Repeat("a", 65)), PathRules.Linux, out _, out _));
        Assert.False(WirePath.TrySplit(string.Join('/', Enumerable.Repeat(new string('a', 99), 50)), PathRules.Linux, out _, out _));
    }

    [Fact]
    public void Names_that_would_be_one_file_are_refused_by_the_rules_of_the_platform()
    {
        Assert.False(AreAllowed(PathRules.Linux, out _, "a", "a"));
        Assert.False(AreAllowed(PathRules.Linux, out _, "a", "a/"));
        Assert.True(AreAllowed(PathRules.Linux, out _, "Goat", "goat", "a/", "a/b"));
        Assert.False(AreAllowed(PathRules.Windows, out _, "Goat", "goat"));
        Assert.False(AreAllowed(PathRules.Linux, out string refusal, "a", "a/b"));
        Assert.Contains("both a file and a folder", refusal, StringComparison.Ordinal);
    }

    [UnicodeFact]
    public void Names_that_differ_in_normalization_are_one_file_on_macOS()
    {
        Assert.False(AreAllowed(PathRules.MacOS, out _, "caf\u00e9", "cafe\u0301"));
        Assert.True(AreAllowed(PathRules.Linux, out _, "caf\u00e9", "cafe\u0301"));
    }

    // A name that ends in a slash is that of a folder.
    private static bool AreAllowed(PathRules rules, out string refusal, params string[] names)
    {
        refusal = Refused(rules, names).Values.FirstOrDefault() ?? "";
        return refusal.Length == 0;
    }

    private static IReadOnlyDictionary<int, string> Refused(PathRules rules, params string[] names) =>
        WirePath.FindRefused([.. names.Select(n => (n.TrimEnd('/'), n.EndsWith('/')))], rules);

    // What is left has room beside each other: the first of two, and of a file and a folder the folder.
    [Fact]
    public void Only_those_names_are_refused_that_have_no_room_beside_the_others()
    {
        Assert.Equal([1, 3, 4, 7], Refused(PathRules.Linux, "a", "../b", "c/d", "c/d", "e", "a!", "e/f/g", "a").Keys.Order());
        Assert.Equal([2], Refused(PathRules.Linux, "a/b", "a!b", "a", "a-b").Keys);
        Assert.Empty(Refused(PathRules.Linux, "a/", "a/b/", "a/b/c", "a/bc", "ab", "a!"));
        Assert.Equal([1], Refused(PathRules.Windows, "Goat", "goat", "kid").Keys);
    }

    // A hundred thousand paths of 60 levels name six million folders.
    [Fact]
    public void Deep_paths_cost_no_more_than_their_own_length()
    {
        const int count = 100_000;
        string deep = string.Join('/', Enumerable.Repeat("d", 58));
        (string, bool)[] entries = [.. Enumerable.Range(0, count).Select(i => ($"{i}/{deep}/{i}", false))];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(WirePath.FindRefused(entries, PathRules.Linux));
        long perPath = (GC.GetAllocatedBytesForCurrentThread() - before) / count;
        Assert.InRange(perPath, 0, 4096); // the folders alone would be 8,000
    }
}

/// <summary>A test that needs the tables of Unicode, which the ICU library has.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnicodeFactAttribute : FactAttribute
{
    public UnicodeFactAttribute()
    {
        if ("\u00e9".Normalize(System.Text.NormalizationForm.FormD).Length == 1)
        {
            Skip = "The ICU library is not installed, or is switched off by DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.";
        }
    }
}
