namespace EGoat.Mesh.Tests;

/// <summary>A test of what only Linux offers.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Linux only: folders that are held open.";
}

/// <summary>A theory about what only Linux offers.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Linux only: folders that are held open.";
}
