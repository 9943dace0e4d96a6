using System.CommandLine;
using EGoat.Node;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat config [KEY [VALUE]]</c>: what is chosen once instead of being said each time.</summary>
internal static class ConfigCommand
{
    private const int KeyWidth = 10;

    public static Command Create(StopSignals signals)
    {
        var common = new CommonOptions();
        var key = new Argument<string?>("KEY") { Description = $"What: {string.Join(", ", NodeConfiguration.Keys.Select(k => k.Key))}.", Arity = ArgumentArity.ZeroOrOne };
        key.CompletionSources.Add([.. NodeConfiguration.Keys.Select(k => k.Key)]);
        var value = new Argument<string?>("VALUE") { Description = "The value that it gets; without one it is shown.", Arity = ArgumentArity.ZeroOrOne };
        var list = new Option<bool>("--list") { Description = "Show all values, and where each comes from." };
        var unset = new Option<bool>("--unset") { Description = "Take KEY out of the file." };
        var command = new Command("config", "Show or change what is used where an option is not given: environment variables are above the file, options above both.") { key, value, list, unset, common.Data };
        command.SetAction((result, _) => Program.RunAsync(
            () =>
            {
                NodeConfiguration configuration = NodeConfiguration.Read(result.GetValue(common.Data));
                return Task.FromResult(Run(configuration, result.GetValue(list) ? null : result.GetValue(key), result.GetValue(value), result.GetValue(unset)));
            },
            signals));
        return command;
    }

    private static int Run(NodeConfiguration configuration, string? key, string? value, bool isUnset)
    {
        if (key is null)
        {
            foreach ((string each, _, string meaning) in NodeConfiguration.Keys)
            {
                (string Value, string Source)? found = configuration.Find(each) ?? (each == "name" ? (EGoatNode.DefaultDisplayName, "default") : null);
                Console.WriteLine(found is { } set ? $"{each,-KeyWidth}{VisibleText.Line(set.Value)}  from {VisibleText.Line(set.Source)}" : $"{each,-KeyWidth}not set: {meaning}");
            }
        }
        else if (isUnset || value is not null)
        {
            configuration.Set(key, isUnset ? null : value);
        }
        else if (configuration.Find(key) is { } found)
        {
            Console.WriteLine(VisibleText.Line(found.Value));
        }
        else
        {
            throw new CommandException(ExitCode.Failed, $"'{key}' is not set. 'egoat config {key} VALUE' sets it.");
        }

        return ExitCode.Done;
    }
}
