using System.CommandLine;
using System.Globalization;

namespace EGoat.Benchmarks.Commands;

/// <summary>Options that several benchmarks have.</summary>
internal static class CommandOptions
{
    public static Option<int> Number(string name, int defaultValue, string description)
    {
        var option = new Option<int>(name) { Description = $"{description} (default {defaultValue}).", HelpName = "N", DefaultValueFactory = _ => defaultValue };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{name} is a number above 0.");
            }
        });
        return option;
    }

    /// <summary>Numbers with commas between them.</summary>
    public static Option<double[]> Numbers(string name, string defaultValue, string description) => new(name)
    {
        Description = $"{description} (default {defaultValue}).",
        HelpName = "N,N,…",
        DefaultValueFactory = _ => Parse(defaultValue),
        CustomParser = result =>
        {
            try
            {
                return Parse(result.Tokens[0].Value);
            }
            catch (FormatException)
            {
                result.AddError($"{name} is a list of numbers with commas between them.");
                return [];
            }
        },
    };

    public static Option<int> Runs(int defaultValue) => Number("--runs", defaultValue, "How often each case runs, the cases in turn");

    public static Option<string?> Program() => new("--egoat") { Description = "A published egoat program (default: the one that was built with this).", HelpName = "FILE" };

    private static double[] Parse(string text) => [.. text.Split(',').Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
}
