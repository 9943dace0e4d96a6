using System.Management.Automation;
using System.Reflection;
using EGoat.PowerShell.Commands;

namespace EGoat.PowerShell.Tests;

/// <summary>The manifest lists every cmdlet.</summary>
[Collection("The installation of this process")]
public sealed class ManifestTests
{
    [Fact]
    public void The_manifest_exports_exactly_the_cmdlets()
    {
        IEnumerable<string> cmdlets = typeof(StartEGoatSignaling).Assembly.GetTypes()
            .Select(t => t.GetCustomAttribute<CmdletAttribute>())
            .Where(a => a is not null)
            .Select(a => $"{a!.VerbName}-{a.NounName}")
            .Order();
        using var run = new CommandRunner("Get-Command", new { Module = "EGoat" });
        Assert.Equal(cmdlets, run.Run().Cast<CmdletInfo>().Select(c => c.Name).Order());
    }
}
