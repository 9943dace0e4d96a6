using System.Globalization;

namespace EGoat.Cli;

/// <summary>Spans of time as people write them: <c>7</c> (days), <c>7d</c>, <c>12h</c>, <c>90min</c>, <c>30s</c>, <c>1.5d</c>.</summary>
internal static class Duration
{
    /// <summary>The longest one, in days: what is older was never made by this program.</summary>
    private const int MaxDays = 36_500;

    /// <summary>Units with their lengths in seconds; a number without one counts days.</summary>
    private static readonly (string Name, int Seconds)[] Units = [("min", 60), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        string number = text.Trim().ToLowerInvariant();
        (string name, int seconds) = Units.Where(u => number.EndsWith(u.Name, StringComparison.Ordinal)).DefaultIfEmpty((Name: "", Seconds: 86_400)).First();
        duration = default;
        if (!decimal.TryParse(number[..^name.Length], NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal value)
            || value > (decimal)MaxDays * 86_400 / seconds)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)(value * seconds * TimeSpan.TicksPerSecond));
        return true;
    }
}
