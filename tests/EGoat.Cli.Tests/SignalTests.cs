using System.Net;
using System.Net.Sockets;
using EGoat.Testing;

namespace EGoat.Cli.Tests;

/// <summary>How signals end the program, in every phase.</summary>
public sealed class SignalTests : ProgramTest
{
    // Whoever runs the tests in the background has them, and what they start, ignore the signals.
    private static readonly string[] WithSignals = ["env", "--default-signal=INT,TERM,HUP"];

    [ProgramTheory("env")]
    [InlineData("TERM", 0)]
    [InlineData("HUP", 0)]
    [InlineData("INT", 130)]
    public async Task What_runs_until_it_is_stopped_ends_well_by_what_stops_a_service(string signal, int exitCode)
    {
        string server = await ServeAsync();
        CliProcess serve = StartWithSignals("second", "serve", "--listen", "127.0.0.1:0", "--json");
        await serve.ReadEventAsync("listening");
        CliProcess receive = StartWithSignals("bob", "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--json");
        await receive.ReadEventAsync("joined");
        CliProcess chat = StartWithSignals("ada", "chat", "--server", server, "--room", "lobby", "--json");
        await chat.ReadEventAsync("joined");
        foreach (CliProcess process in (CliProcess[])[serve, receive, chat])
        {
            process.Signal(signal);
            (int actual, string[] lines, string errors) = await process.EndAsync();
            Assert.True(exitCode == actual, errors);
            Assert.Equal($"{{\"event\":\"end\",\"exitCode\":{exitCode}}}", lines[^1]);
        }
    }

    [ProgramTheory("env")]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task What_is_to_end_by_itself_is_interrupted(string signal)
    {
        string server = await ServeAsync();
        string source = TestFile.Create(Folder, "goat.bin", 1000).Path;
        CliProcess waits = StartWithSignals("ada", "send", "--server", server, "--room", "lobby", "--json", source);
        await waits.ReadEventAsync("joined");
        CliProcess counts = StartWithSignals("bob", "receive", "--server", server, "--room", "elsewhere", "--output", Path.Combine(Folder, "inbox"), "--files", "1", "--json");
        await counts.ReadEventAsync("joined");
        foreach (CliProcess process in (CliProcess[])[waits, counts])
        {
            process.Signal(signal);
            (int exitCode, _, string errors) = await process.EndAsync();
            Assert.True(exitCode == 130, errors);
        }
    }

    [ProgramFact("env")]
    public async Task Connecting_and_hashing_are_interrupted()
    {
        // A server that accepts and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        CliProcess connects = StartWithSignals("ada", "chat", "--server", $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}", "--room", "lobby");
        using TcpClient accepted = await silent.AcceptTcpClientAsync();
        connects.Interrupt();
        Assert.Equal(130, (await connects.EndAsync()).ExitCode);

        string first = TestFile.Create(Folder, "first", 10).Path;
        CliProcess hashes = StartWithSignals("bob", "hash", first, "/dev/zero");
        await hashes.ReadLineAsync();
        hashes.Interrupt();
        Assert.Equal(130, (await hashes.EndAsync()).ExitCode);
    }

    [ProgramFact("env")]
    public async Task A_pipe_that_brings_nothing_is_interrupted()
    {
        string server = await ServeAsync();
        CliProcess receive = StartWithSignals("bob", "receive", "--server", server, "--room", "lobby", "--output", Path.Combine(Folder, "inbox"), "--ask");
        await receive.ReadLineAsync();
        CliProcess send = StartWithSignals("ada", "send", "--server", server, "--room", "lobby", "-");
        while (!(await receive.ReadLineAsync()).StartsWith("Take them?", StringComparison.Ordinal))
        {
        }

        send.Interrupt();
        Assert.Equal(130, (await send.EndAsync()).ExitCode);
        receive.Interrupt();
        Assert.Equal(130, (await receive.EndAsync()).ExitCode);
    }

    private CliProcess StartWithSignals(string home, params string[] arguments)
    {
        CliProcess process = CliProcess.StartIn(WithSignals, Home(home), arguments);
        Keep(process);
        return process;
    }
}
