namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A theory that needs a Go package of the system: skipped, with its name as the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoPackageTheoryAttribute : TheoryAttribute
{
    public GoPackageTheoryAttribute(string package)
    {
        Package = package;
        Skip = GoPackage.WhyNot(package);
    }

    public string Package { get; }
}
