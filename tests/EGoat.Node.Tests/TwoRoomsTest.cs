using System.Net;
using EGoat.Mesh;
using EGoat.Web;

namespace EGoat.Node.Tests;

/// <summary>Ada, who sends, and Bob, who receives, in one room over loopback sockets.</summary>
public abstract class TwoRoomsTest : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private SignalingServer _server = null!;

    protected CancellationToken Cancelled => _limit.Token;

    protected Uri Server => _server.Url;

    private protected Installation Ada { get; } = Installation.Create();

    private protected Installation Bob { get; } = Installation.Create();

    protected Room AdasRoom { get; private set; } = null!;

    protected Room BobsRoom { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _server = await Ada.Node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, Cancelled);
        AdasRoom = await Ada.JoinAsync(_server.Url, "ada", Cancelled, receives: false);
        BobsRoom = await Bob.JoinAsync(_server.Url, "bob", Cancelled);
        await AdasRoom.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
    }

    public virtual async Task DisposeAsync()
    {
        await Ada.DisposeAsync();
        await Bob.DisposeAsync();
        _limit.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sends and waits for the end of all transfers.</summary>
    protected Task<IReadOnlyList<EGoatTransfer>> SendAsync(SendFileOptions options) => AdasRoom.SendFiles(options, Cancelled).Completion.WaitAsync(Cancelled);

    /// <summary>Waits for a transfer in a state.</summary>
    protected async Task<EGoatTransfer> FirstAsync(RoomSubscription events, Func<EGoatTransfer, bool> condition)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomTransferChanged changed && condition(changed.Transfer))
            {
                return changed.Transfer;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }
}
