namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A theory that needs a module of the system's Python.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonModuleTheoryAttribute : TheoryAttribute
{
    public PythonModuleTheoryAttribute(string module, string? check = null)
    {
        Module = module;
        Check = check;
        Skip = PythonModule.WhyNot(module, check);
    }

    public string Module { get; }

    public string? Check { get; }
}
