using System.Management.Automation;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.PowerShell.Tests;

/// <summary>
/// The cmdlets of the staged module in runspaces, with one other installation as the peer. They share the installation of the
/// process, so their tests run one after another.
/// </summary>
[Collection("The installation of this process")]
public abstract class CommandTestBase : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(120));
    private readonly List<CommandRunner> _runners = [];

    /// <summary>A folder of this test.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-cmdlets-").FullName;

    /// <summary>The other installation.</summary>
    protected EGoatNode Other { get; private set; } = null!;

    protected EGoatSignaling Server { get; private set; } = null!;

    protected CancellationToken Cancelled => _limit.Token;

    /// <summary>What the other side accepts.</summary>
    protected ReceiveOptions Inbox => new() { Destination = Path.Combine(Folder, "inbox") };

    public Task InitializeAsync()
    {
        Environment.SetEnvironmentVariable("EGOAT_HOME", Path.Combine(Folder, "here"));
        Other = EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(Folder, "there") });
        Server = Assert.IsAssignableFrom<EGoatSignaling>(Assert.Single(Run("Start-EGoatSignaling", new { Port = 0 }).Output));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await Other.DisposeAsync();
        _runners.ForEach(r => r.Dispose());
        await ModuleSession.CloseInstallationAsync();
        Directory.Delete(Folder, recursive: true);
        _limit.Dispose();
    }

    /// <summary>The error that ends a command.</summary>
    private protected ErrorRecord Fail(string command, object? parameters = null) =>
        Assert.ThrowsAny<RuntimeException>(() => Create(command, parameters).Run()).ErrorRecord;

    private protected CommandRunner Create(string command, object? parameters = null)
    {
        var runner = new CommandRunner(command, parameters);
        _runners.Add(runner);
        return runner;
    }

    private protected CommandRunner Run(string command, object? parameters = null)
    {
        CommandRunner runner = Create(command, parameters);
        runner.Run();
        return runner;
    }

    protected EGoatRoom JoinHere(string room = "lobby") =>
        Assert.IsAssignableFrom<EGoatRoom>(Assert.Single(Run("Join-EGoatRoom", new { Room = room, Server = Server.Url, Background = true }).Output));

    protected Task<Room> JoinThereAsync(ReceiveOptions? receive, string name = "there", string room = "lobby") =>
        Other.JoinAsync(new RoomOptions { Server = Server.Url, Room = room, DisplayName = name, Receive = receive }, Cancelled);

    protected Task<Room> JoinThereAsync(bool receives = false) => JoinThereAsync(receives ? Inbox : null);

    /// <summary>Waits until the module's side of a room sees a connected member.</summary>
    protected async Task WaitForPeerAsync(EGoatRoom room, bool acceptingFiles = false)
    {
        ArgumentNullException.ThrowIfNull(room);
        var changed = new SemaphoreSlim(0);
        room.PeerChanged += OnChanged;
        while (!room.Peers.Any(p => p.State == EGoatPeerState.Connected && (p.AcceptsFiles || !acceptingFiles)))
        {
            await changed.WaitAsync(Cancelled);
        }

        room.PeerChanged -= OnChanged;

        void OnChanged(object? sender, EGoatPeerEventArgs e) => changed.Release();
    }

    protected string WriteFile(string name, int length)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, new byte[length]);
        return path;
    }
}
