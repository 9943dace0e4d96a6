using EGoat.Mesh;
using EGoat.Testing;

namespace EGoat.Node.Tests;

/// <summary>An installation in a folder of its own that ends with the test.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private Installation(string folder, EGoatNode node)
    {
        Folder = folder;
        Node = node;
    }

    public string Folder { get; }

    public EGoatNode Node { get; }

    public string Inbox => Path.Combine(Folder, "inbox");

    public static Installation Create()
    {
        string folder = Directory.CreateTempSubdirectory("egoat-test-").FullName;
        return new Installation(folder, EGoatNode.Open(new NodeOptions { DataFolder = Path.Combine(folder, "data") }));
    }

    public Task<Room> JoinAsync(Uri server, string name, CancellationToken cancellationToken, string room = "lobby", bool receives = true) => Node.JoinAsync(
        new RoomOptions { Server = server, Room = room, DisplayName = name, Receive = receives ? new ReceiveOptions { Destination = Inbox } : null },
        cancellationToken);

    /// <summary>A file of so many random bytes, and its hash.</summary>
    public (string Path, byte[] Hash) CreateFile(string name, long length) => TestFile.Create(Folder, name, length);

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
