namespace EGoat.Mesh.Transfers;

/// <summary>What a file system allows in names, so that every platform's rules can be tested on any of them.</summary>
/// <param name="IsWindows">Windows: device names, reserved characters, no trailing dot or space, lengths in UTF-16 units.</param>
/// <param name="IgnoresCase">Names that differ only in case, or only in Unicode normalization, are the same file.</param>
internal sealed record PathRules(bool IsWindows, bool IgnoresCase)
{
    /// <summary>The longest component: bytes of UTF-8 on Unix, UTF-16 units on Windows.</summary>
    public const int MaxComponentLength = 255;

    public static PathRules Windows { get; } = new(IsWindows: true, IgnoresCase: true);

    public static PathRules MacOS { get; } = new(IsWindows: false, IgnoresCase: true);

    public static PathRules Linux { get; } = new(IsWindows: false, IgnoresCase: false);

    /// <summary>The rules of the platform this runs on.</summary>
    public static PathRules Current { get; } = OperatingSystem.IsWindows() ? Windows : OperatingSystem.IsMacOS() ? MacOS : Linux;
}
