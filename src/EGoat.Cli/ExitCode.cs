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
    public const int Interrupted = 130;
}
