namespace EGoat.Cli;

/// <summary>What the program returns.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>Nobody came, or nothing moved for the time that --timeout allows.</summary>
    public const int NobodyCame = 3;

    /// <summary>Rejected, or only partly accepted.</summary>
    public const int Rejected = 4;

    /// <summary>Done but for what could not be read, named or kept.</summary>
    public const int Incomplete = 5;
    public const int Interrupted = 130;

    /// <summary>Every exit code with its meaning, as help and README show it.</summary>
    public static readonly IReadOnlyList<(int Code, string Meaning)> Table =
    [
        (Done, "done; or what runs until it is stopped was stopped by SIGTERM or SIGHUP"),
        (Failed, "failed; a message that somebody has not confirmed too"),
        (Usage, "the command line is wrong"),
        (NobodyCame, "nobody came, or nothing moved for as long as --timeout allows"),
        (Rejected, "rejected, or only partly accepted"),
        (Incomplete, "done but for what could not be read, named or kept, which was told one by one"),
        (Interrupted, "interrupted by Ctrl+C, or by any signal before it was done"),
    ];
}
