using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using EGoat.Cli.Commands;

namespace EGoat.Cli;

/// <summary>The commands, and what a line of arguments means: every argument is what it says.</summary>
internal static class CommandLine
{
    /// <summary>All commands.</summary>
    public static RootCommand CreateRoot(StopSignals signals)
    {
        var root = new RootCommand("Chat and send files directly between machines.")
        {
            DemoCommand.Create(signals),
            ServeCommand.Create(signals),
            InviteCommand.Create(signals),
            ChatCommand.Create(signals),
            SendCommand.Create(signals),
            ReceiveCommand.Create(signals),
            HistoryCommand.Create(signals),
            HashCommand.Create(signals),
            ConfigCommand.Create(signals),
            CompletionCommand.Create(signals),
            ManCommand.Create(signals),
        };
        HelpOption help = root.Options.OfType<HelpOption>().First();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>Reads arguments. A file's name that begins with '@' is a name, not a file of further arguments.</summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> args) => root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>What is wrong with the arguments, in one line; null if nothing is.</summary>
    public static string? FindError(ParseResult result) =>
        FindUnknownOption(result) is { } option ? $"There is no option '{option}'; what begins with '-' and is none comes after '--'."
        : result.UnmatchedTokens.Count > 0 ? $"'{result.UnmatchedTokens[0]}' is not known here."
        : result.Errors.Count > 0 ? result.Errors[0].Message.Trim().ReplaceLineEndings(" ")
        : null;

    // What looks like an option and is bound to an argument, unless it follows '--'; a lone '-' is standard input.
    private static string? FindUnknownOption(ParseResult result)
    {
        int end = result.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).Count();
        IEnumerable<Token> early = result.Tokens.Take(end).Where(t => t.Type == TokenType.Argument && t.Value is ['-', _, ..]);
        return early.FirstOrDefault(t => result.CommandResult.Children.OfType<ArgumentResult>().Any(a => a.Tokens.Any(b => ReferenceEquals(b, t))))?.Value;
    }

    /// <summary>Help, then examples, and for the program itself the exit codes.</summary>
    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            help.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            Command command = parseResult.CommandResult.Command;
            if (HelpTexts.GetExamples(command) is { Count: > 0 } examples)
            {
                output.WriteLine("Examples:");
                foreach (string example in examples)
                {
                    output.WriteLine($"  {example}");
                }

                output.WriteLine();
            }

            if (command is RootCommand)
            {
                output.WriteLine("Exit codes:");
                foreach ((int code, string meaning) in ExitCode.Table)
                {
                    output.WriteLine($"  {code,-5}{meaning}");
                }

                output.WriteLine();
            }

            return ExitCode.Done;
        }
    }
}
