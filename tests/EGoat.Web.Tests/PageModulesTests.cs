using System.Text.RegularExpressions;

namespace EGoat.Web.Tests;

/// <summary>How the page's modules are arranged, and what all languages say.</summary>
public sealed partial class PageModulesTests
{
    private const int MostLines = 300;

    /// <summary>Which folders a folder's modules may use, besides their own.</summary>
    private static readonly Dictionary<string, string[]> Uses = new()
    {
        ["lang"] = [],
        ["common"] = ["lang"],
        ["effects"] = ["common"],
        ["state"] = ["common", "effects"],
        ["views"] = ["common", "effects", "state"],
        [""] = ["common", "effects", "state", "views"],
    };

    private static readonly string Root = FindRoot();

    public static TheoryData<string> Languages => [.. Directory.GetFiles(Path.Combine(Root, "lang"), "*.js").Select(f => Path.GetFileNameWithoutExtension(f))];

    [Fact]
    public void No_file_is_longer_than_one_can_read()
    {
        string[] tooLong = [.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).Where(f => File.ReadLines(f).Count() > MostLines)];
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Folders_use_one_another_in_one_direction_and_modules_without_a_circle()
    {
        Dictionary<string, string[]> imports = Modules().ToDictionary(m => m, m => Import().Matches(File.ReadAllText(Path.Combine(Root, m))).Select(i => Resolve(m, i.Groups[1].Value)).ToArray());
        var wrong = new List<string>();
        foreach ((string module, string[] used) in imports)
        {
            string folder = Path.GetDirectoryName(module)!;
            wrong.AddRange(used.Where(u => !imports.ContainsKey(u)).Select(u => $"{module} imports {u}, which is not there"));
            wrong.AddRange(used.Where(u => Path.GetDirectoryName(u) != folder && !Uses[folder].Contains(Path.GetDirectoryName(u))).Select(u => $"{module} must not use {u}"));
        }

        Assert.Empty(wrong);
        var done = new HashSet<string>();
        foreach (string module in imports.Keys)
        {
            Walk(module, []);
        }

        void Walk(string module, List<string> path)
        {
            Assert.False(path.Contains(module), string.Join(" > ", [.. path, module]));
            if (done.Contains(module))
            {
                return;
            }

            path.Add(module);
            foreach (string used in imports[module])
            {
                Walk(used, path);
            }

            path.RemoveAt(path.Count - 1);
            done.Add(module);
        }
    }

    [Fact]
    public void What_is_shown_stands_in_the_languages_not_in_the_code()
    {
        HashSet<string> keys = [.. Texts("en").Keys];
        var wrong = new List<string>();
        foreach (string module in Modules().Where(m => m.StartsWith("views", StringComparison.Ordinal) || m == "app.js" || m is "state/room.js" or "state/texts.js"))
        {
            string code = File.ReadAllText(Path.Combine(Root, module));
            wrong.AddRange(Key().Matches(code).Select(m => m.Groups[1].Value).Where(k => !keys.Contains(k)).Select(k => $"{module}: no text '{k}'"));
            string bare = Comment().Replace(code, "");
            wrong.AddRange(Prose().Matches(bare).Select(m => $"{module}: {m.Value}"));
        }

        string page = File.ReadAllText(Path.Combine(Root, "index.html"));
        wrong.AddRange(PageKey().Matches(page).Select(m => m.Groups[1].Value).Where(k => !keys.Contains(k)).Select(k => $"index.html: no text '{k}'"));
        wrong.AddRange(PageText().Matches(page[page.IndexOf("<body>", StringComparison.Ordinal)..]).Select(m => m.Groups[1].Value.Trim()).Where(t => t is not ("" or "E-Goat")).Select(t => $"index.html: {t}"));
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Every_language_says_everything_with_the_same_places(string language)
    {
        Dictionary<string, string> english = Texts("en");
        Dictionary<string, string> other = Texts(language);
        Assert.Empty(english.Keys.Except(other.Keys));
        Assert.Empty(other.Keys.Except(english.Keys));
        string[] wrong = [.. english.Keys.Where(k => !Places(english[k]).SetEquals(Places(other[k])))];
        Assert.Empty(wrong);
        if (language != "en")
        {
            Assert.InRange(english.Keys.Count(k => english[k] == other[k]), 0, 5);
        }
    }

    [Fact]
    public void The_languages_that_there_are_files_for_are_those_that_are_chosen_from()
    {
        string words = File.ReadAllText(Path.Combine(Root, "common", "words.js"));
        string[] listed = [.. Quoted().Matches(Regex.Match(words, @"LANGUAGES = \[(.*)\]").Groups[1].Value).Select(m => m.Groups[1].Value).Order()];
        Assert.Equal(Directory.GetFiles(Path.Combine(Root, "lang")).Select(Path.GetFileNameWithoutExtension).Order(), listed);
    }

    private static IEnumerable<string> Modules() => Directory.EnumerateFiles(Root, "*.js", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'));

    private static string Resolve(string module, string import) =>
        Path.GetRelativePath(Root, Path.GetFullPath(Path.Combine(Root, Path.GetDirectoryName(module)!, import))).Replace('\\', '/');

    private static Dictionary<string, string> Texts(string language) =>
        Entry().Matches(File.ReadAllText(Path.Combine(Root, "lang", language + ".js"))).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);

    private static HashSet<string> Places(string text) => [.. Place().Matches(text).Select(m => m.Value)];

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string root = Path.Combine(at.FullName, "src", "EGoat.Web", "wwwroot");
            if (Directory.Exists(root))
            {
                return root;
            }
        }

        throw new InvalidOperationException("The page's sources are not there.");
    }

    [GeneratedRegex(@"(?:^import|^\} from|^export .* from).*?'(\.[^']+)'", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex(@"^  '([a-z-]+)': (.*),$", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"(?:\bt|\bfault|\bfailWith|\bfill)\('([a-z-]+)'")]
    private static partial Regex Key();

    [GeneratedRegex(@"^\s*//.*$|(?<=\s)// .*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    /// <summary>Two words in a row in a string, of which the first begins with a capital, or a word and a full stop.</summary>
    [GeneratedRegex("""['"`][A-Z][a-z]+ [a-z]+[^'"`]*['"`]|['"`][^'"`<>(){}=]*[a-z]{3,} [a-z]{3,}[^'"`<>(){}=]*[.?!]['"`]""")]
    private static partial Regex Prose();

    [GeneratedRegex("data-t(?:-label|-placeholder)?=\"([^\"]+)\"")]
    private static partial Regex PageKey();

    [GeneratedRegex(">([^<]+)<")]
    private static partial Regex PageText();

    [GeneratedRegex("'([a-z]+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\{[a-z]+\}")]
    private static partial Regex Place();
}
