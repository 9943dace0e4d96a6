using EGoat.Mesh;

namespace EGoat.Cli.Tests;

/// <summary>Options of the program that are those of the mesh.</summary>
public sealed class ReceiveOptionTests : ProgramTest
{
    [Theory]
    [InlineData("7", 7 * 86_400)]
    [InlineData("0", 0)]
    [InlineData("1.5d", 36 * 3600)]
    [InlineData("12h", 12 * 3600)]
    [InlineData("90min", 5400)]
    [InlineData("90 m", 5400)]
    [InlineData("30S", 30)]
    [InlineData("", -1)]
    [InlineData("d", -1)]
    [InlineData("-1", -1)]
    [InlineData("1w", -1)]
    [InlineData("36501", -1)]
    [InlineData("79228162514264337593543950335", -1)]
    public void A_duration_is_days_or_a_number_with_its_unit(string text, int seconds)
    {
        bool isDuration = Duration.TryParse(text, out TimeSpan duration);
        Assert.Equal((seconds >= 0, Math.Max(0, seconds)), (isDuration, duration.TotalSeconds));
    }

    [Theory]
    [InlineData("", null, 7 * 24, false)]
    [InlineData("--timeout 300 --keep-partial 12h --preserve-mode", 300, 12, true)]
    public void They_reach_the_room(string words, int? timeout, int hours, bool preservesMode)
    {
        var common = new CommonOptions();
        var command = new System.CommandLine.Command("receive");
        common.AddReceiveOptions(command);
        command.Options.Add(common.Timeout);
        command.Options.Add(common.Data);
        System.CommandLine.ParseResult result = command.Parse([.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--data", Home("ada")]);
        Assert.Empty(result.Errors);
        ReceiveOptions receive = common.CreateReceive(result, Path.Combine(Folder, "inbox"));
        Assert.Equal(
            (timeout, hours, preservesMode),
            (receive.Timeout is { } limit ? (int)limit.TotalSeconds : null, (int)receive.KeepPartial.TotalHours, receive.PreserveMode));
    }

    [Fact]
    public void A_timeout_of_the_configuration_is_one_that_somebody_has_chosen()
    {
        EGoat.Node.NodeConfiguration.Read(Home("ada")).Set("timeout", "300");
        var common = new CommonOptions();
        var command = new System.CommandLine.Command("send") { common.Timeout, common.Data };
        Assert.Equal(300, common.FindTimeout(command.Parse(["--data", Home("ada")]))?.TotalSeconds);
    }

    [Theory]
    [InlineData("--keep-partial 1h", false)]
    [InlineData("--keep-partial 3h", true)]
    [InlineData("", true)]
    public async Task Partial_files_go_when_they_are_as_old_as_is_said(string words, bool stays)
    {
        string server = await ServeAsync();
        string inbox = Directory.CreateDirectory(Path.Combine(Folder, "inbox")).FullName;
        string partial = Path.Combine(inbox, $".egoat-{new string('a', 26)}.part");
        await File.WriteAllTextAsync(partial, "half");
        File.SetLastWriteTimeUtc(partial, DateTime.UtcNow - TimeSpan.FromHours(2));
        CliProcess receive = Start("bob", ["receive", "--server", server, "--room", "lobby", "--output", inbox, "--json", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await receive.ReadEventAsync("joined");
        Assert.True(stays || SpinWait.SpinUntil(() => !File.Exists(partial), TimeSpan.FromSeconds(60)));
        string source = Path.Combine(Folder, "goat");
        await File.WriteAllTextAsync(source, "bleat");
        Assert.Equal(0, (await CliProcess.RunAsync(Home("ada"), "send", "--server", server, "--room", "lobby", source)).ExitCode);
        Assert.Equal(stays, File.Exists(partial));
    }

    [Theory]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --stdout --keep-partial 3", "--keep-partial and --preserve-mode are for files in a folder")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output x --keep-partial soon", "'soon' is not a number of days, or a time such as 12h or 30min.")]
    [InlineData("receive --server http://127.0.0.1:9 --room lobby --output x --files 0", "--files is a number of files from 1 on.")]
    [InlineData("chat --server http://127.0.0.1:9 --room lobby --preserve-mode", "--keep-partial and --preserve-mode are for files in a folder")]
    [InlineData("send --server http://127.0.0.1:9 --room lobby --text hi --peers -1", "--peers is a number of peers from 0 on.")]
    [InlineData("send --server http://127.0.0.1:9 --room lobby --text hi --join-window -1", "--join-window is a number of seconds from 0 on.")]
    [InlineData("send --server http://127.0.0.1:9 --room lobby --text hi --timeout 0", "--timeout is a number of seconds above 0.")]
    public async Task What_means_nothing_is_said_in_one_line(string arguments, string expected)
    {
        (int exitCode, _, string errors) = await CliProcess.RunAsync(Home("ada"), arguments.Split(' '));
        Assert.Equal(2, exitCode);
        Assert.Contains(expected, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }
}
