using System.Globalization;

namespace EGoat.Cli;

/// <summary>Numbers of bytes as people write them: <c>500</c>, <c>10MB</c>, <c>1.5 GiB</c>. K, M, G and T are powers of 1,024, as in PowerShell.</summary>
internal static class ByteSize
{
    private const string Units = "KMGT";

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string number = text.Trim().ToUpperInvariant();
        number = number.EndsWith("IB", StringComparison.Ordinal) ? number[..^2] : number.EndsWith('B') ? number[..^1] : number;
        int power = number.Length == 0 ? 0 : Units.IndexOf(number[^1], StringComparison.Ordinal) + 1;
        if (!decimal.TryParse(power > 0 ? number[..^1] : number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal value))
        {
            return false;
        }

        decimal factor = 1L << (10 * power);
        if (value > long.MaxValue / factor)
        {
            return false;
        }

        bytes = (long)(value * factor);
        return true;
    }
}
