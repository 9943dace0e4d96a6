namespace EGoat.History.Tests;

/// <summary>A test of what only Unix has.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows has access lists instead of modes." : null;
}
