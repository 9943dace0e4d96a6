namespace EGoat.Testing;

/// <summary><c>EGOAT_LONG=1</c> runs the same tests at full size.</summary>
public static class LongRun
{
    public static bool IsEnabled { get; } = Environment.GetEnvironmentVariable("EGOAT_LONG") == "1";

    /// <summary>One of two sizes of a test.</summary>
    public static T Choose<T>(T normal, T full) => IsEnabled ? full : normal;
}
