using System.Management.Automation;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.PowerShell.Commands;

namespace EGoat.PowerShell.Tests;

/// <summary>
/// The cmdlets on the stand-in, with one other installation as the peer. They share the installation of the process, so their
/// tests run one after another.
/// </summary>
[Collection("The installation of this process")]
public abstract class CommandTestBase : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(120));

    /// <summary>A folder of this test.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-cmdlets-").FullName;

    /// <summary>The other installation.</summary>
    protected EGoatNode Other { get; private set; } = null!;

    protected EGoatSignaling Server { get; private set; } = null!;

    protected CancellationToken Cancelled => _limit.Token;

    public Task InitializeAsync()
    {
        Environment.SetEnvironmentVariable("EGOAT_HOME", Path.Combine(Folder, "here"));
        Other = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(Folder, "there") });
        Server = Assert.IsAssignableFrom<EGoatSignaling>(Assert.Single(Run(new StartEGoatSignaling { Port = 0 }).Output));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await Other.DisposeAsync();
        await EGoatNode.CloseSharedAsync();
        Directory.Delete(Folder, recursive: true);
        _limit.Dispose();
    }

    protected static ErrorRecord Fail(Cmdlet cmdlet) => Assert.Throws<TerminatingErrorException>(() => Create(cmdlet).Run()).ErrorRecord;

    protected static CommandRunner Create(Cmdlet cmdlet) => new(cmdlet);

    protected static CommandRunner Run(Cmdlet cmdlet)
    {
        CommandRunner runner = Create(cmdlet);
        runner.Run();
        return runner;
    }

    protected Room JoinHere(string room = "lobby") =>
        Assert.IsType<Room>(Assert.Single(Run(new JoinEGoatRoom { Room = room, Server = Server.Url, Background = true }).Output));

    protected Task<Room> JoinThereAsync(ReceiveOptions? receive, string name = "there", string room = "lobby") =>
        Other.JoinAsync(new RoomOptions { Server = Server.Url, Room = room, DisplayName = name, Receive = receive }, Cancelled);

    protected Task<Room> JoinThereAsync(bool receives = false) => JoinThereAsync(receives ? Inbox : null);

    /// <summary>What the other side accepts.</summary>
    protected ReceiveOptions Inbox => new() { Destination = Path.Combine(Folder, "inbox") };

    protected string WriteFile(string name, int length)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, new byte[length]);
        return path;
    }
}
