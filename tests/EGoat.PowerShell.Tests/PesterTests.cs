using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace EGoat.PowerShell.Tests;

/// <summary>The Pester files, in a runspace of this process. The continuous integration runs them in pwsh too.</summary>
[Collection("The installation of this process")]
public sealed class PesterTests
{
    /// <summary>How many tests of each file must have passed at least, so that a file that finds none fails.</summary>
    public static TheoryData<string, int> Files { get; } = new()
    {
        { "EGoat.Tests.ps1", 14 },
        { "Help.Tests.ps1", 4 },
        { "Readme.Tests.ps1", 4 },
        { "Transfers.Tests.ps1", 18 },
        { "Views.Tests.ps1", 20 },
    };

    [Fact]
    public void No_file_is_forgotten() =>
        Assert.Equal(Directory.EnumerateFiles(Repository.PesterTests, "*.Tests.ps1").Select(Path.GetFileName).Order(StringComparer.Ordinal), Files.Select(f => (string?)f[0]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_test_of_a_file_passes(string file, int minimum)
    {
        PSObject result = RunPester(Path.Combine(Repository.PesterTests, file));
        await ModuleSession.CloseInstallationAsync();
        if (DescribeFailures(result) is { Count: > 0 } failures)
        {
            Assert.Fail(string.Join("\n\n", failures));
        }

        Assert.Equal("Passed", result.Properties["Result"].Value);
        Assert.InRange((int)result.Properties["PassedCount"].Value, minimum, int.MaxValue);
    }

    [Fact]
    public void A_failure_is_told_with_its_message()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("egoat-pester-").FullName, "Goat.Tests.ps1");
        try
        {
            File.WriteAllText(file, "Describe 'A goat' { It 'is a sheep' { 'goat' | Should -Be 'sheep' }; It 'is a goat' { 'goat' | Should -Be 'goat' } }");
            PSObject result = RunPester(file);
            string failure = Assert.Single(DescribeFailures(result));
            Assert.StartsWith("A goat.is a sheep: ", failure, StringComparison.Ordinal);
            Assert.Contains("But was:  'goat'", failure, StringComparison.Ordinal);
            Assert.Equal(1, result.Properties["PassedCount"].Value);
            File.WriteAllText(file, "BeforeAll { throw 'no goats here' }; Describe 'A goat' { It 'is a goat' { } }");
            Assert.Contains(DescribeFailures(RunPester(file)), f => f.Contains("no goats here", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    private static PSObject RunPester(string file)
    {
        Environment.SetEnvironmentVariable("EGOAT_TEST_CONSOLE", typeof(PesterTests).Assembly.Location);
        using Runspace runspace = RunspaceFactory.CreateRunspace(new TestHost(), InitialSessionState.CreateDefault2());
        runspace.Open();
        using var shell = System.Management.Automation.PowerShell.Create(runspace);
        shell.AddScript("""
            param($Pester, $File)
            $ErrorActionPreference = 'Stop'
            Import-Module $Pester
            Invoke-Pester -Configuration @{ Run = @{ Path = $File; PassThru = $true }; Output = @{ Verbosity = 'None' } }
            """).AddParameter("Pester", Repository.Pester).AddParameter("File", file);
        return Assert.Single(shell.Invoke());
    }

    private static List<string> DescribeFailures(PSObject result)
    {
        using var shell = System.Management.Automation.PowerShell.Create();
        shell.AddScript("""
            param($Result)
            foreach ($failed in @($Result.Failed) + @($Result.FailedBlocks) + @($Result.FailedContainers)) {
                "$($failed.ExpandedPath ?? $failed.Item): $(($failed.ErrorRecord | ForEach-Object { "$($_.DisplayErrorMessage ?? $_)`n$($_.DisplayStackTrace ?? $_.ScriptStackTrace)" }) -join "`n")"
            }
            """).AddParameter("Result", result);
        return [.. shell.Invoke<string>()];
    }
}
