namespace EGoat.Cli;

/// <summary>What the program returns.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>Within the time that --timeout allows not as many peers or files came as were waited for.</summary>
    public const int NobodyCame = 3;

    /// <summary>Rejected, or only partly accepted.</summary>
    public const int Rejected = 4;

    /// <summary>Some is done, and some that could not be read, named or kept is not.</summary>
    public const int Incomplete = 5;
    public const int Interrupted = 130;

    /// <summary>Every exit code with its meaning, as help and README show it.</summary>
    public static readonly IReadOnlyList<(int Code, string Meaning)> Table =
    [
        (Done, "done; or what runs until it is stopped was stopped by SIGTERM or SIGHUP"),
        (Failed, "failed; also when somebody has not confirmed a message, or a transfer that had begun was silent for longer than --timeout"),
        (Usage, "the command line is wrong"),
        (NobodyCame, "nobody came: not as many peers or files as were waited for within --timeout"),
        (Rejected, "rejected, or only partly accepted"),
        (Incomplete, "partly done: files that could not be read, named or kept, or failed while others arrived at this side, were told one by one"),
        (Interrupted, "interrupted by Ctrl+C, or by any signal before it was done"),
    ];

    /// <summary>Codes from the best outcome to the worst.</summary>
    private static readonly int[] Order = [Done, Incomplete, Rejected, NobodyCame, Failed];

    /// <summary>What the program returns for two things that it did.</summary>
    public static int Worse(int one, int other) => Array.IndexOf(Order, one) > Array.IndexOf(Order, other) ? one : other;
}
