using System.Text.Json.Nodes;

namespace EGoat.Cli.Tests;

/// <summary>A folder and processes of the program, which end with the test.</summary>
public abstract class ProgramTest : IDisposable
{
    private readonly List<CliProcess> _processes = [];

    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-cli-").FullName;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _processes.ForEach(p => p.Dispose());
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The data folder of an installation.</summary>
    protected string Home(string name) => Path.Combine(Folder, name);

    /// <summary>Ends a process with the test.</summary>
    private protected void Keep(CliProcess process) => _processes.Add(process);

    /// <summary>Starts the program as an installation.</summary>
    private protected CliProcess Start(string name, params IEnumerable<string> arguments)
    {
        CliProcess process = CliProcess.Start(Home(name), arguments);
        Keep(process);
        return process;
    }

    /// <summary>Starts a signaling server; its URL.</summary>
    private protected async Task<string> ServeAsync()
    {
        CliProcess serve = Start("server", "serve", "--listen", "127.0.0.1:0", "--json");
        JsonObject line = JsonNode.Parse(await serve.ReadLineAsync())!.AsObject();
        string url = (string)line["url"]!;
        Assert.StartsWith("http://127.0.0.1:", url, StringComparison.Ordinal);
        Assert.StartsWith(url + "#t=", (string?)line["page"], StringComparison.Ordinal);
        return url;
    }
}
