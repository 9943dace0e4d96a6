using System.Xml.Linq;

namespace EGoat.PowerShell.Tests;

/// <summary>The help that is shipped says what the cmdlets are.</summary>
public sealed class HelpTests
{
    /// <summary>Set to 1, a run writes the help anew instead of comparing it.</summary>
    private const string UpdateVariable = "EGOAT_UPDATE_HELP";

    private static readonly string HelpFile = Path.Combine(Repository.Module, "en-US", "EGoat.PowerShell.dll-Help.xml");

    [Fact]
    public void The_shipped_help_is_that_of_the_cmdlets()
    {
        string help = HelpWriter.Write();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            File.WriteAllText(HelpFile, help);
        }

        Assert.True(help == File.ReadAllText(HelpFile).ReplaceLineEndings("\n"), $"The help is old. Run this test with {UpdateVariable}=1 and commit {HelpFile}.");
    }

    [Fact]
    public void Every_cmdlet_has_an_example_and_every_parameter_a_description()
    {
        XNamespace command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
        XNamespace maml = "http://schemas.microsoft.com/maml/2004/10";
        XElement[] commands = [.. XDocument.Load(HelpFile).Descendants(command + "command")];
        Assert.True(commands.Length >= 16);
        Assert.All(commands, c => Assert.NotEmpty(c.Descendants(command + "example")));
        Assert.All(commands.Descendants(command + "parameters").Elements(), p => Assert.NotEmpty(p.Element(maml + "description")!.Value));
    }
}
