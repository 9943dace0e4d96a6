namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A theory that needs a package of npm: skipped, with its name as the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodePackageTheoryAttribute : TheoryAttribute
{
    public NodePackageTheoryAttribute(string package)
    {
        Package = package;
        Skip = NodePackage.WhyNot(package);
    }

    public string Package { get; }
}
