using System.Net;
using System.Text.Json.Nodes;
using EGoat.Keys;
using EGoat.Mesh.Peers;
using EGoat.Signaling;
using EGoat.Web;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>Rooms with a key, introduced by a server that reads and changes everything.</summary>
public sealed class KeyedRoomTests : IAsyncLifetime
{
    // Long enough not to be met in base64 by chance.
    private const string Label = "goats-of-the-hill";

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(120));
    private readonly DtlsCertificate _adas = DtlsCertificate.Create();
    private readonly DtlsCertificate _bobs = DtlsCertificate.Create();
    private readonly RoomKey _key = RoomKey.Create();
    private readonly List<Room> _rooms = [];
    private SignalingServer _honest = null!;
    private HostileServer _server = null!;

    private CancellationToken Cancelled => _limit.Token;

    public async Task InitializeAsync()
    {
        _honest = await SignalingServer.StartAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, null, Cancelled);
        _server = new HostileServer(_honest.Url);
    }

    public async Task DisposeAsync()
    {
        foreach (Room room in _rooms)
        {
            await room.LeaveAsync(new CancellationToken(canceled: true));
        }

        await _server.DisposeAsync();
        await _honest.DisposeAsync();
        _key.Dispose();
        _adas.Dispose();
        _bobs.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public async Task The_server_learns_neither_label_names_fingerprints_addresses_nor_key()
    {
        (Room ada, Room bob) = await JoinBothAsync();
        await ada.WaitForPeersAsync(1, acceptingFiles: false, Cancelled);
        SentMessage sent = await ada.SendTextAsync("hello", cancellationToken: Cancelled);
        Assert.All(await sent.Outcome.WaitAsync(Cancelled), d => Assert.Equal(EGoatDeliveryState.Confirmed, d.State));
        Assert.Equal(Label, bob.Name);
        Assert.True(bob.IsKeyed);
        string seen = string.Join('\n', _server.Seen);
        Assert.Contains(_key.RoomId, seen, StringComparison.Ordinal);
        string[] secrets = [Label, "ada@hillside", "fingerprint", "candidate:", "ice-pwd", "127.0.0.1", System.Buffers.Text.Base64Url.EncodeToString(_key.Reveal()), ada.Identity, bob.Identity];
        Assert.All(secrets, s => Assert.DoesNotContain(s, seen, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Introductions_that_come_twice_late_and_mixed_connect_all_the_same()
    {
        var random = new Random(18);
        var kept = new List<string>();
        _server.Alter = frame =>
        {
            if (!IsSignal(frame))
            {
                return [frame];
            }

            lock (kept)
            {
                kept.Add(frame);
                return [frame, kept[random.Next(kept.Count)], frame];
            }
        };
        (Room ada, Room bob) = await JoinBothAsync();
        await ada.WaitForPeersAsync(1, acceptingFiles: false, Cancelled);
        Assert.Equal(bob.Identity, Assert.Single(ada.Peers).Identity);
    }

    [Fact]
    public async Task What_is_altered_connects_nobody_and_people_are_told()
    {
        _server.Alter = frame => [IsSignal(frame) ? Damage(frame) : frame];
        Room ada = await JoinAsync("ada@hillside", _adas, _key);
        using RoomSubscription events = ada.Subscribe();
        await JoinAsync("bob", _bobs, _key);
        Assert.Contains("does not open with the key", await WarningAsync(events), StringComparison.Ordinal);
        Assert.DoesNotContain(ada.Peers, p => p.Identity.Length > 0);
    }

    [Fact]
    public async Task Stripping_the_seal_is_no_way_into_the_room()
    {
        // Mallory knows the room's id, as the server does, but not its key: she offers in the clear.
        Room ada = await JoinAsync("ada@hillside", _adas, _key);
        await using SignalingClient mallory = await SignalingClient.ConnectAsync(new SignalingClientOptions { Server = _honest.Url, Room = _key.RoomId, Peer = Base32.NewId() }, Cancelled);
        using RoomSubscription events = ada.Subscribe();
        string sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
        Assert.True(await mallory.SendAsync(ada.PeerId, new Introduction.Offer("s1", sdp).Format(), Cancelled));
        var sealedElsewhere = new IntroductionCodec(new IntroductionSeal(RoomKey.Create(), Base32.NewId()));
        Assert.True(await mallory.SendAsync(ada.PeerId, sealedElsewhere.Format(new Introduction.Offer("s2", sdp), ada.PeerId), Cancelled));
        Assert.Contains("does not open with the key", await WarningAsync(events), StringComparison.Ordinal);

        // Nobody answers her but with offers and requests that she cannot open.
        while (mallory.Events.TryRead(out SignalingEvent? e))
        {
            Assert.True(e is not SignalingReceived received || IntroductionCodec.Read(received.Data) is { Sdp: null, Candidate: null });
        }
    }

    [Fact]
    public async Task Two_keys_are_two_rooms_whatever_they_are_called()
    {
        Room ada = await JoinAsync("ada@hillside", _adas, _key);
        using RoomKey renewed = _key.Renew();
        await JoinAsync("bob", _bobs, renewed);
        Room second = await JoinAsync("bob", _bobs, _key);
        await second.WaitForPeersAsync(1, acceptingFiles: false, Cancelled);
        Assert.Equal([second.PeerId], ada.Peers.Select(p => p.Id));
    }

    private static bool IsSignal(string frame) => JsonNode.Parse(frame)!["type"]!.GetValue<string>() == "signal";

    // Another letter in the sealed part, which stays well formed.
    private static string Damage(string frame)
    {
        JsonNode message = JsonNode.Parse(frame)!;
        JsonNode data = JsonNode.Parse(message["data"]!.GetValue<string>())!;
        char[] text = data["sealed"]!.GetValue<string>().ToCharArray();
        text[60] = text[60] == 'A' ? 'B' : 'A';
        data["sealed"] = new string(text);
        message["data"] = data.ToJsonString();
        return message.ToJsonString();
    }

    private async Task<string> WarningAsync(RoomSubscription events)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (e is RoomWarning { Text: var text })
            {
                return text;
            }
        }

        return "";
    }

    private async Task<(Room Ada, Room Bob)> JoinBothAsync() => (await JoinAsync("ada@hillside", _adas, _key), await JoinAsync("bob", _bobs, _key));

    private async Task<Room> JoinAsync(string name, DtlsCertificate certificate, RoomKey? key)
    {
        Room room = await Room.JoinAsync(new RoomOptions { Server = _server.Url, Room = Label, Key = key, DisplayName = name }, certificate, Room.CreateInstanceId(), new ForgetfulStore(), Cancelled);
        _rooms.Add(room);
        return room;
    }
}
