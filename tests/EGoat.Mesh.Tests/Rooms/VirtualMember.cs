using EGoat.Keys;
using EGoat.Signaling;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>A process in virtual time that joins a room: real connections over a simulated network, a hub in memory.</summary>
internal sealed class VirtualMember : ISignalingConnector, IAsyncDisposable
{
    private readonly VirtualTime _time;
    private readonly MemoryServer _server;
    private readonly DtlsCertificate _certificate;
    private readonly List<MemoryLink> _links = [];
    private bool _isCutOff;
    private bool _hasAddress = true;

    public VirtualMember(VirtualTime time, MemoryServer server, DtlsCertificate certificate, string name, string address, MemoryStore? store = null)
    {
        _time = time;
        _server = server;
        _certificate = certificate;
        Name = name;
        Store = store ?? new MemoryStore();
        Host = new SimulatedRtcHost(time, certificate, address);
    }

    public string Name { get; }

    /// <summary>The peer id. The smaller one of two offers.</summary>
    public string PeerId { get; init; } = Base32.NewId();

    public SimulatedRtcHost Host { get; }

    public MemoryStore Store { get; }

    public Room Room { get; private set; } = null!;

    /// <summary>The texts that were shown here, in order.</summary>
    public List<string> Shown { get; } = [];

    /// <summary>Whether nothing that this process says arrives anywhere, and nothing arrives here.</summary>
    public bool IsCutOff
    {
        get => _isCutOff;
        set
        {
            _isCutOff = value;
            Host.IsCutOff = value;
            CutLinks(value);
        }
    }

    /// <summary>Which files it takes; null for none.</summary>
    public ReceiveOptions? Receive { get; init; }

    public async Task JoinAsync()
    {
        var options = new RoomOptions
        {
            Server = new Uri("http://memory/"),
            Room = "lobby",
            DisplayName = Name,
            Time = Host.Clock,
            OpenHost = _ => Host,
            Connector = this,
            PeerId = PeerId,
            Receive = Receive,
        };
        Room = await _time.AdvanceUntilAsync(Room.JoinAsync(options, _certificate, Room.CreateInstanceId(), Store, CancellationToken.None), TimeSpan.FromMinutes(1));
        Room.MessageReceived += (_, e) =>
        {
            lock (Shown)
            {
                Shown.Add(e.Message.Text);
            }
        };
    }

    /// <summary>Stops the process (SIGSTOP) until <see cref="Continue"/>.</summary>
    public void Freeze()
    {
        Host.Freeze();
        CutLinks(true);
    }

    public void Continue()
    {
        CutLinks(false);
        Host.Continue();
    }

    /// <summary>Gives the machine other addresses, or none: what connects it to the server stands on an address that it had before.</summary>
    public void MoveTo(params ReadOnlySpan<string> addresses)
    {
        _hasAddress = addresses.Length > 0;
        _links.ForEach(l => l.HasLostAddress = true);
        CutLinks(true);
        Host.ChangeAddresses(addresses);
    }

    /// <summary>Whether this process is connected to so many others, and to no more.</summary>
    public bool IsConnectedTo(int count) => Room.Peers.Count == count && Room.Peers.All(p => p.State == EGoatPeerState.Connected);

    public async Task<ISignalingConnection> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        if (!_hasAddress)
        {
            throw new SignalingException(SignalingErrors.Unreachable, "The network is unreachable.", null);
        }

        if (_isCutOff)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, Host.Clock, cancellationToken);
        }

        MemoryLink link = await _server.OpenAsync(cancellationToken);
        _links.Add(link);
        return link.Client;
    }

    public async ValueTask DisposeAsync()
    {
        if (Room is not null)
        {
            // What is not confirmed by now is not waited for.
            await _time.AdvanceUntilAsync(Room.LeaveAsync(new CancellationToken(canceled: true)), TimeSpan.FromMinutes(1));
        }

        await Host.DisposeAsync();
    }

    private void CutLinks(bool isCut)
    {
        foreach (MemoryLink link in _links)
        {
            if (isCut)
            {
                link.Cut();
            }
            else
            {
                link.Mend();
            }
        }
    }
}
