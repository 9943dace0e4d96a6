namespace EGoat.Cli;

/// <summary>Ends a command with one line for people and an exit code.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
