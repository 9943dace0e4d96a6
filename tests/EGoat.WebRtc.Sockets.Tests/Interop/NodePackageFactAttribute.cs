namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A test that needs a package of npm: skipped, with its name as the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodePackageFactAttribute : FactAttribute
{
    public NodePackageFactAttribute(string package)
    {
        Package = package;
        Skip = NodePackage.WhyNot(package);
    }

    public string Package { get; }
}
