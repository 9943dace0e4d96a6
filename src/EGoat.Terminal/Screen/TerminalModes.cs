namespace EGoat.Terminal;

/// <summary>What is asked of a terminal, and whether there is one.</summary>
public static class TerminalModes
{
    /// <summary>Bracketed paste on.</summary>
    internal const string Begin = "\e[?2004h";

    /// <summary>Bracketed paste off, the cursor visible, no colour.</summary>
    internal const string End = "\e[?2004l\e[?25h\e[0m";

    /// <summary>Whether colours are shown: https://no-color.org, and not on a dumb terminal.</summary>
    public static bool HasColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && !IsDumb;

    /// <summary>Whether output goes to a terminal that can move its cursor.</summary>
    public static bool CanDraw => !Console.IsOutputRedirected && !IsDumb;

    /// <summary>Whether lines can be edited: input too comes from a terminal.</summary>
    public static bool CanEdit => CanDraw && !Console.IsInputRedirected;

    private static bool IsDumb => !OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";

    /// <summary>Opens the terminal of this process for editing.</summary>
    public static ITerminal Open() => OperatingSystem.IsWindows() ? new ConsoleTerminal() : UnixTerminal.Open();

    /// <summary>The terminal of this process, for output only.</summary>
    public static ITerminal OpenOutput() => new OutputTerminal();
}
