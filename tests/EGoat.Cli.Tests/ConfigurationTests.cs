using EGoat.Node;

namespace EGoat.Cli.Tests;

/// <summary><c>egoat.conf</c>: arguments above environment variables above the file.</summary>
public sealed class ConfigurationTests : ProgramTest
{
    [Fact]
    public void The_file_is_readable_and_what_is_unknown_stays()
    {
        string path = Path.Combine(Folder, NodeConfiguration.FileName);
        File.WriteAllText(path, "# mine\nfuture = yes\nroom = lobby\n");
        NodeConfiguration.Read(Folder).Set("server", "http://127.0.0.1:4747/#cert=a=b");
        NodeConfiguration.Read(Folder).Set("ROOM", "kitchen");
        Assert.Equal("# mine\nfuture = yes\nroom = kitchen\nserver = http://127.0.0.1:4747/#cert=a=b\n", File.ReadAllText(path).ReplaceLineEndings("\n"));
        Assert.Equal(("http://127.0.0.1:4747/#cert=a=b", path), NodeConfiguration.Read(Folder).Find("server"));
        NodeConfiguration.Read(Folder).Set("room", null);
        Assert.Null(NodeConfiguration.Read(Folder).Find("room"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void What_is_wrong_is_said()
    {
        NodeConfiguration configuration = NodeConfiguration.Read(Folder);
        Assert.Contains("There is no key 'colour'.", Assert.Throws<NodeException>(() => configuration.Set("colour", "red")).Message, StringComparison.Ordinal);
        Assert.Throws<NodeException>(() => configuration.Set("room", "a\nserver = http://evil"));
        Assert.Throws<NodeException>(() => configuration.Set("room", " "));
        File.WriteAllText(configuration.Path, "room = lobby\nnonsense\n");
        Assert.StartsWith("Line 2 of ", Assert.Throws<NodeException>(() => NodeConfiguration.Read(Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_are_above_the_environment_which_is_above_the_file()
    {
        string home = Home("ada");
        await ExpectAsync(0, home, "config", "server", "http://127.0.0.1:1");
        await ExpectAsync(0, home, "config", "room", "from-file");
        Assert.Equal("http://127.0.0.1:1", Assert.Single(await ExpectAsync(0, home, "config", "server")));
        string[] list = await ExpectAsync(0, home, "config", "--list");
        Assert.Contains(list, l => l.StartsWith("room", StringComparison.Ordinal) && l.Contains("from-file", StringComparison.Ordinal) && l.EndsWith(NodeConfiguration.FileName, StringComparison.Ordinal));
        Assert.Contains(list, l => l.StartsWith("name", StringComparison.Ordinal) && l.EndsWith("default", StringComparison.Ordinal));
        using (CliProcess overridden = CliProcess.StartIn(["env", "EGOAT_ROOM=from-environment"], home, ["config", "--list"]))
        {
            overridden.CloseInput();
            Assert.Contains((await overridden.EndAsync()).Lines, l => l.Contains("from-environment", StringComparison.Ordinal) && l.EndsWith("EGOAT_ROOM", StringComparison.Ordinal));
        }

        // The file's server is used, and an argument instead of it.
        (int exitCode, _, string errors) = await CliProcess.RunAsync(home, "send", "--text", "hi", "--timeout", "1");
        Assert.Equal(1, exitCode);
        Assert.Contains("http://127.0.0.1:1 cannot be reached", errors, StringComparison.Ordinal);
        (_, _, errors) = await CliProcess.RunAsync(home, "send", "--text", "hi", "--timeout", "1", "--server", "http://127.0.0.1:9");
        Assert.Contains("http://127.0.0.1:9 cannot be reached", errors, StringComparison.Ordinal);
        (exitCode, _, errors) = await CliProcess.RunAsync(Home("bob"), "send", "--text", "hi");
        Assert.Equal(2, exitCode);
        Assert.Contains("--server", errors, StringComparison.Ordinal);
    }

    private static async Task<string[]> ExpectAsync(int expected, string home, params string[] arguments)
    {
        (int exitCode, string[] lines, string errors) = await CliProcess.RunAsync(home, arguments);
        Assert.True(expected == exitCode, errors);
        return lines;
    }
}
