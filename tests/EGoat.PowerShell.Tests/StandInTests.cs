using System.Management.Automation;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using EGoat.PowerShell.Commands;

namespace EGoat.PowerShell.Tests;

/// <summary>The stand-in has everything that the cmdlets use of PowerShell, and the manifest lists every cmdlet.</summary>
public sealed partial class StandInTests
{
    [Fact]
    public void Every_member_of_PowerShell_that_the_cmdlets_use_is_in_the_stand_in()
    {
        Assembly standIn = typeof(Cmdlet).Assembly;
        var missing = new List<string>();
        using var file = new PEReader(File.OpenRead(typeof(StartEGoatSignaling).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        int found = 0;
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference)
            {
                continue;
            }

            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            string fullName = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            if (!fullName.StartsWith("System.Management.Automation.", StringComparison.Ordinal))
            {
                continue;
            }

            found++;
            string name = metadata.GetString(member.Name);
            const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
            if (standIn.GetType(fullName)?.GetMember(name, any).Length is null or 0)
            {
                missing.Add($"{fullName}.{name}");
            }
        }

        Assert.True(found > 20);
        Assert.Empty(missing);
    }

    [Fact]
    public void The_manifest_exports_exactly_the_cmdlets()
    {
        string manifest = File.ReadAllText(Path.Combine(FindRoot(), "module", "EGoat", "EGoat.psd1"));
        string exported = ExportPattern().Match(manifest).Groups[1].Value;
        IEnumerable<string> cmdlets = typeof(StartEGoatSignaling).Assembly.GetTypes()
            .Select(t => t.GetCustomAttribute<CmdletAttribute>())
            .Where(a => a is not null)
            .Select(a => $"{a!.VerbName}-{a.NounName}")
            .Order();
        Assert.Equal(cmdlets, NamePattern().Matches(exported).Select(m => m.Groups[1].Value).Order());
    }

    [GeneratedRegex(@"CmdletsToExport\s*=\s*@\(([^)]*)\)")]
    private static partial Regex ExportPattern();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex NamePattern();

    internal static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "EGoat.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests run inside of the repository.");
    }
}
