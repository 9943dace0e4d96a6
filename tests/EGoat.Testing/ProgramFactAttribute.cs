using Xunit;

namespace EGoat.Testing;

/// <summary>A test that needs another program: skipped, with its name as the reason, where it is not on PATH.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(string program)
    {
        Program = program;
        if (Find(program) is null)
        {
            Skip = $"{program} is not on PATH.";
        }
    }

    public string Program { get; }

    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}

/// <summary>A theory that needs another program.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramTheoryAttribute : TheoryAttribute
{
    public ProgramTheoryAttribute(string program)
    {
        Program = program;
        if (ProgramFactAttribute.Find(program) is null)
        {
            Skip = $"{program} is not on PATH.";
        }
    }

    public string Program { get; }
}
