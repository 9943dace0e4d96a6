using System.CommandLine;
using EGoat.Benchmarks.Measuring;

namespace EGoat.Benchmarks.Commands;

/// <summary>Where the files of a benchmark are: in memory, and on a disk until they are synced.</summary>
internal sealed class MediumOptions
{
    public MediumOptions() => Medium.AcceptOnlyFromAmong("memory", "disk", "both");

    public Option<string> Medium { get; } = new("--medium")
    {
        Description = "Where files are: memory, disk (measured until they are synced) or both (default both).",
        HelpName = "WHERE",
        DefaultValueFactory = _ => "both",
    };

    public Option<string> Disk { get; } = new("--disk")
    {
        Description = "A folder on a disk (default /var/tmp).",
        HelpName = "DIR",
        DefaultValueFactory = _ => OperatingSystem.IsWindows() ? Path.GetTempPath() : "/var/tmp",
    };

    /// <summary>A folder for each medium, one after the other, and whether it is on a disk. The caller disposes of each.</summary>
    public IEnumerable<(ScratchFolder Folder, bool IsSynced)> CreateFolders(ParseResult result)
    {
        string medium = result.GetRequiredValue(Medium);
        if (medium != "disk")
        {
            yield return (ScratchFolder.InMemory(), false);
        }

        if (medium != "memory")
        {
            yield return (ScratchFolder.In(result.GetRequiredValue(Disk)), true);
        }
    }
}
