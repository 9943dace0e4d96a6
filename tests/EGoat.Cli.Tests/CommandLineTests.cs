using System.CommandLine;

namespace EGoat.Cli.Tests;

/// <summary>What arguments mean, and what is said of those that mean nothing.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly StopSignals _signals = new();

    public void Dispose() => _signals.Dispose();

    [Fact]
    public void A_name_that_begins_with_an_at_sign_is_a_name()
    {
        string folder = Directory.CreateTempSubdirectory("egoat-args-").FullName;
        try
        {
            string todo = $"@{Path.Combine(folder, "todo")}";
            File.WriteAllText(todo[1..], "--room other");
            ParseResult result = Parse("send", "--server", "http://127.0.0.1:1", "--room", "lobby", todo, "--text", "@all lunch");
            Assert.Null(CommandLine.FindError(result));
            Assert.Equal([todo], result.GetValue<string[]>("PATH")!);
            Assert.Equal("@all lunch", result.GetValue<string>("--text"));
            Assert.Equal("lobby", result.GetValue<string>("--room"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("send --server http://127.0.0.1:1 --room lobby --frobnicate", "--frobnicate")]
    [InlineData("send --server http://127.0.0.1:1 --room lobby -z file", "-z")]
    [InlineData("send file --frobnicate --server http://127.0.0.1:1 --room lobby -- --json", "--frobnicate")]
    [InlineData("hash --all", "--all")]
    [InlineData("hash -x --", "-x")]
    public void An_option_that_there_is_not_is_no_file(string arguments, string option) =>
        Assert.StartsWith($"There is no option '{option}'", CommandLine.FindError(Parse(arguments.Split(' '))), StringComparison.Ordinal);

    [Fact]
    public void After_two_dashes_everything_is_a_file()
    {
        ParseResult result = Parse("send", "--server", "http://127.0.0.1:1", "--room", "lobby", "--json", "one", "--", "--frobnicate", "--json", "-", "--");
        Assert.Null(CommandLine.FindError(result));
        Assert.Equal(["one", "--frobnicate", "--json", "-", "--"], result.GetValue<string[]>("PATH")!);
    }

    [Fact]
    public void A_lone_dash_is_standard_input_and_a_value_may_begin_with_one()
    {
        ParseResult result = Parse("send", "--server", "http://127.0.0.1:1", "--room", "lobby", "-", "--text", "-5 degrees", "--file-name=--name");
        Assert.Null(CommandLine.FindError(result));
        Assert.Equal(["-"], result.GetValue<string[]>("PATH")!);
        Assert.Equal("-5 degrees", result.GetValue<string>("--text"));
        Assert.Equal("--name", result.GetValue<string>("--file-name"));
    }

    [Fact]
    public void Every_command_has_examples_that_it_understands()
    {
        RootCommand root = CommandLine.CreateRoot(_signals);
        foreach (Command command in root.Subcommands.Append(root))
        {
            IReadOnlyList<string> examples = HelpTexts.GetExamples(command);
            Assert.NotEmpty(examples);
            foreach (string example in examples)
            {
                // What stands before a pipe, or behind it, is another program's.
                string words = example.Split('|', '>').Select(part => part.Trim()).Single(part => part.StartsWith("egoat ", StringComparison.Ordinal));
                ParseResult result = CommandLine.Parse(root, [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(words.Replace('\'', '"').Replace("URL", "http://127.0.0.1:4747", StringComparison.Ordinal)).Skip(1)]);
                Assert.True(CommandLine.FindError(result) is null, $"{example}: {CommandLine.FindError(result)}");
            }
        }
    }

    [Fact]
    public void Help_and_the_README_have_the_same_exit_codes()
    {
        var help = new StringWriter();
        Assert.Equal(0, Parse("--help").Invoke(new InvocationConfiguration { Output = help }));
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        foreach ((int code, string meaning) in ExitCode.Table)
        {
            Assert.Contains($"  {code,-5}{meaning}", help.ToString(), StringComparison.Ordinal);
            Assert.Contains($"| {code} | {meaning} |", readme, StringComparison.Ordinal);
        }
    }

    private ParseResult Parse(params string[] arguments) => CommandLine.Parse(CommandLine.CreateRoot(_signals), arguments);
}
