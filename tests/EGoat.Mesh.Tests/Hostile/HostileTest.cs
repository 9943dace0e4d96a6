using System.Net;
using EGoat.Web;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>Bob in a room of his own with Mallory, who keeps no rules.</summary>
public abstract class HostileTest : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private readonly DtlsCertificate _bobs = DtlsCertificate.Create();
    private readonly DtlsCertificate _mallorys = DtlsCertificate.Create();
    private readonly List<HostilePeer> _others = [];
    private readonly List<DtlsCertificate> _certificates = [];
    private SignalingServer _server = null!;

    protected CancellationToken Cancelled => _limit.Token;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-hostile-").FullName;

    protected string Inbox => Path.Combine(Folder, "inbox");

    /// <summary>The clock of Bob's transfers.</summary>
    private protected ManualTime Time { get; } = new();

    protected Room Room { get; private set; } = null!;

    private protected HostilePeer Mallory { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _server = await SignalingServer.StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, null, Cancelled);
        Room = await Room.JoinAsync(
            new RoomOptions { Server = _server.Url, Room = "lobby", DisplayName = "bob", Receive = new ReceiveOptions { Destination = Inbox }, Time = Time },
            _bobs, Room.CreateInstanceId(), new ForgetfulStore(), Cancelled);
        Mallory = await HostilePeer.ConnectAsync(_server.Url, "lobby", _mallorys, Cancelled);

        // Of what comes before Bob has read her hello he keeps less.
        await Room.WaitForPeersAsync(1, acceptingFiles: false, Cancelled);
    }

    /// <summary>Mallory and others like her.</summary>
    private protected async Task<IReadOnlyList<HostilePeer>> ConnectAsync(int count)
    {
        while (_others.Count < count - 1)
        {
            var certificate = DtlsCertificate.Create();
            _certificates.Add(certificate);
            _others.Add(await HostilePeer.ConnectAsync(_server.Url, "lobby", certificate, Cancelled, Mallory.Member));
        }

        return [Mallory, .. _others];
    }

    public async Task DisposeAsync()
    {
        foreach (HostilePeer other in _others)
        {
            await other.DisposeAsync();
        }

        _certificates.ForEach(c => c.Dispose());
        await Mallory.DisposeAsync();
        await Room.LeaveAsync(new CancellationToken(canceled: true)); // its clock stands still
        await _server.DisposeAsync();
        _bobs.Dispose();
        _mallorys.Dispose();
        _limit.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
