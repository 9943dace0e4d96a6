namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>A test that needs a module of the system's Python: skipped, with its name as the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonModuleFactAttribute : FactAttribute
{
    public PythonModuleFactAttribute(string module, string? check = null)
    {
        Module = module;
        Check = check;
        Skip = PythonModule.WhyNot(module, check);
    }

    public string Module { get; }

    public string? Check { get; }
}
