using System.CommandLine;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat man</c>: the manual page, made from the same descriptions as the help.</summary>
internal static class ManCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("man", "Write the manual page: egoat man > ~/.local/share/man/man1/egoat.1");
        command.SetAction((result, _) => Program.RunAsync(
            () =>
            {
                Write((RootCommand)result.RootCommandResult.Command, Console.Out);
                return Task.FromResult(ExitCode.Done);
            },
            signals));
        return command;
    }

    /// <summary>Writes it as roff.</summary>
    internal static void Write(RootCommand root, TextWriter output)
    {
        output.WriteLine(".TH EGOAT 1");
        output.WriteLine(".SH NAME");
        output.WriteLine($"egoat \\- {Escape(root.Description)}");
        output.WriteLine(".SH SYNOPSIS");
        output.WriteLine(".B egoat\n.I command\n[options]");
        output.WriteLine(".SH COMMANDS");
        foreach (Command command in root.Subcommands.Where(c => !c.Hidden))
        {
            output.WriteLine($".SS {Escape(string.Join(' ', command.Arguments.Select(a => a.Name).Prepend($"egoat {command.Name}")))}");
            output.WriteLine(Escape(command.Description));
            foreach (Argument argument in command.Arguments)
            {
                output.WriteLine($".TP\n.I {Escape(argument.Name)}\n{Escape(argument.Description)}");
            }

            foreach (Option option in command.Options.Where(o => !o.Hidden))
            {
                string names = string.Join(", ", option.Aliases.Prepend(option.Name));
                output.WriteLine($".TP\n.B {Escape(names)}{(option.HelpName is { } value ? $" \\fI{Escape(value)}\\fR" : "")}\n{Escape(option.Description)}");
            }

            WriteExamples(command, output);
        }

        WriteExamples(root, output);
        output.WriteLine(".SH EXIT STATUS");
        foreach ((int code, string meaning) in ExitCode.Table)
        {
            output.WriteLine($".TP\n.B {code}\n{Escape(meaning)}");
        }
    }

    private static void WriteExamples(Command command, TextWriter output)
    {
        if (HelpTexts.GetExamples(command) is { Count: > 0 } examples)
        {
            output.WriteLine(command is RootCommand ? ".SH EXAMPLES" : ".PP\nExamples:");
            output.WriteLine(".nf");
            foreach (string example in examples)
            {
                output.WriteLine($"    {Escape(example)}");
            }

            output.WriteLine(".fi");
        }
    }

    // A backslash, a hyphen that is typed as one, and what would begin a request.
    private static string Escape(string? text)
    {
        string escaped = (text ?? "").ReplaceLineEndings(" ").Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped is ['.', ..] or ['\'', ..] ? $"\\&{escaped}" : escaped;
    }
}
