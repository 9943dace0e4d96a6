using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Signaling;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>What members say of themselves counts only for the identity that DTLS has verified. In virtual time.</summary>
[Collection(InVirtualTime.Name)]
public sealed class StrangerTests : IAsyncLifetime
{
    private const string TextId = "01890a5d-ac96-774b-bcce-b302099a8057";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string Instance = new('i', 26);

    private readonly VirtualTime _time = new(1, new NetworkConditions { Latency = TimeSpan.FromMilliseconds(20) });
    private readonly List<DtlsCertificate> _certificates = [];
    private readonly List<VirtualStranger> _strangers = [];
    private readonly MemoryServer _server;
    private readonly VirtualMember _bob;

    public StrangerTests()
    {
        _server = new MemoryServer(_time);
        _bob = new VirtualMember(_time, _server, CreateCertificate(), "bob", "192.0.2.1") { PeerId = new string('m', 26) };
    }

    private DateTimeOffset Now => _time.Clock.GetUtcNow();

    public Task InitializeAsync() => _bob.JoinAsync();

    public async Task DisposeAsync()
    {
        foreach (VirtualStranger stranger in _strangers)
        {
            await stranger.Signaling.DisposeAsync();
            await stranger.DisposeAsync();
        }

        await _bob.DisposeAsync();
        _certificates.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task The_instance_of_another_identity_evicts_nobody_and_that_of_the_same_replaces_what_it_was()
    {
        DtlsCertificate adas = CreateCertificate();
        await MeetAsync('a', adas, "ada");
        await MeetAsync('b', CreateCertificate(), "mallory");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(["ada", "mallory"], Names());

        await MeetAsync('c', adas, "ada again");
        await _time.AdvanceUntilAsync(() => Names() is ["ada again", "mallory"], Limit);
    }

    [Fact]
    public async Task A_peer_id_stays_with_the_identity_that_has_said_hello_under_it_first()
    {
        VirtualStranger ada = await MeetAsync('a', CreateCertificate(), "ada");
        string identity = Assert.Single(_bob.Room.Peers).Identity;
        VirtualStranger mallory = await ConnectAsync(ada.Signaling, CreateCertificate());
        await SayHelloAsync(mallory, "mallory");
        await _time.AdvanceUntilAsync(mallory.Hearing, Limit);
        Assert.Equal(("ada", identity, EGoatPeerState.Connected), (Names()[0], Assert.Single(_bob.Room.Peers).Identity, _bob.Room.Peers[0].State));
        await ada.SayAsync(new TextMessage(TextId, Now.ToUnixTimeMilliseconds(), "still here", false));
        await _time.AdvanceUntilAsync(() => Shown() is ["still here"], Limit);
    }

    [Fact]
    public async Task The_same_id_from_two_identities_is_two_texts_and_from_one_of_them_one()
    {
        VirtualStranger ada = await MeetAsync('a', CreateCertificate(), "ada");
        VirtualStranger cleo = await MeetAsync('c', CreateCertificate(), "cleo");
        var text = new TextMessage(TextId, Now.ToUnixTimeMilliseconds(), "of ada", false);
        await ada.SayAsync(text);
        await ada.SayAsync(text);
        await _time.AdvanceUntilAsync(() => ada.Heard.OfType<ReceiptMessage>().Count() == 2, Limit);
        await cleo.SayAsync(text with { Text = "of cleo" });
        await _time.AdvanceUntilAsync(() => cleo.Heard.OfType<ReceiptMessage>().Any(), Limit);
        Assert.Equal(["of ada", "of cleo"], Shown());
        Assert.Equal(2, _bob.Store.Messages.Select(m => m.FromIdentity).Distinct().Count());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(24 * 60 * 60, true)]
    [InlineData((24 * 60 * 60) + 1, false)]
    [InlineData((-24 * 60 * 60) + 1, true)]
    [InlineData((-24 * 60 * 60) - 1, false)]
    public async Task The_time_of_a_sender_whose_clock_is_a_day_wrong_is_that_of_the_arrival(int seconds, bool isTaken)
    {
        VirtualStranger ada = await MeetAsync('a', CreateCertificate(), "ada");
        long at = Now.AddSeconds(seconds).ToUnixTimeMilliseconds();
        await ada.SayAsync(new TextMessage(TextId, at, "hello", true));
        await _time.AdvanceUntilAsync(() => _bob.Store.Messages.Count == 1, Limit);
        EGoatMessage message = _bob.Store.Messages[0];
        Assert.Equal(isTaken ? DateTimeOffset.FromUnixTimeMilliseconds(at) : message.ReceivedAt, message.SentAt);
        Assert.Equal((EGoatDirection.Received, true, "lobby"), (message.Direction, message.Private, message.Room));
    }

    [Fact]
    public async Task Another_hello_changes_the_name_and_not_since_when_the_peer_is_connected()
    {
        VirtualStranger ada = await MeetAsync('a', CreateCertificate(), "ada");
        DateTimeOffset? since = Assert.Single(_bob.Room.Peers).ConnectedAt;
        Assert.NotNull(since);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        await SayHelloAsync(ada, "ada lovelace");
        await _time.AdvanceUntilAsync(() => Names() is ["ada lovelace"], Limit);
        Assert.Equal(since, Assert.Single(_bob.Room.Peers).ConnectedAt);
    }

    [Fact]
    public async Task A_later_version_is_refused_with_its_reason_and_is_nobody()
    {
        VirtualStranger ada = await ConnectAsync(await JoinAsync('a'), CreateCertificate());
        await ada.SayAsync(Hello("ada") with { V = ControlMessage.Version + 1 });
        await _time.AdvanceUntilAsync(ada.Hearing, Limit);
        Assert.Equal("This side speaks version 1 of the peer protocol.", Assert.Single(ada.Heard.OfType<ByeMessage>()).Reason);
        Assert.DoesNotContain(_bob.Room.Peers, p => p.Name.Length > 0 || p.State == EGoatPeerState.Connected);
    }

    [Fact]
    public async Task What_is_said_before_hello_is_neither_shown_nor_confirmed()
    {
        VirtualStranger ada = await ConnectAsync(await JoinAsync('a'), CreateCertificate());
        await ada.SayAsync(new TextMessage(TextId, Now.ToUnixTimeMilliseconds(), "unknown", false));
        await SayHelloAsync(ada, "ada");
        await ada.SayAsync(new TextMessage(TextId[..^1] + "8", Now.ToUnixTimeMilliseconds(), "known", false));
        await _time.AdvanceUntilAsync(() => ada.Heard.OfType<ReceiptMessage>().Any(), Limit);
        Assert.Equal(["known"], Shown());
    }

    [Fact]
    public async Task A_bye_with_a_reason_is_told_and_the_peer_is_gone()
    {
        using RoomSubscription events = _bob.Room.Subscribe();
        VirtualStranger ada = await MeetAsync('a', CreateCertificate(), "ada");
        await ada.SayAsync(new ByeMessage("No goats here."));
        await _time.AdvanceUntilAsync(() => _bob.Room.Peers.Count == 0, Limit);
        var told = new List<string>();
        while (events.TryRead(out RoomEvent? e))
        {
            if (e is RoomWarning warning)
            {
                told.Add(warning.Text);
            }
        }

        Assert.Equal([$"The peer {new string('a', 26)} refuses: 'No goats here.'"], told);
    }

    [Theory]
    [InlineData('a', true)]
    [InlineData('z', false)]
    public async Task Of_two_offers_that_meet_that_of_the_smaller_peer_id_holds(char id, bool isAnswered)
    {
        await using SignalingClient signaling = await JoinAsync(id);
        var heard = new List<Introduction>();
        await signaling.SendAsync(_bob.PeerId, new Introduction.OfferRequest().Format(), default);
        await _time.AdvanceUntilAsync(() => Hear().Any(i => i is Introduction.Offer), TimeSpan.FromSeconds(1));
        await using var host = new SimulatedRtcHost(_time, CreateCertificate(), "192.0.2.99");
        RtcConnection connection = host.CreateConnection();
        connection.CreateDataChannel("egoat");
        await signaling.SendAsync(_bob.PeerId, new Introduction.Offer("mine", connection.CreateOffer()).Format(), default);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(isAnswered, Hear().Any(i => i is Introduction.Answer { Session: "mine" }));

        List<Introduction> Hear()
        {
            while (signaling.Events.TryRead(out SignalingEvent? e))
            {
                if (e is SignalingReceived received)
                {
                    heard.Add(Introduction.Parse(received.Data)!);
                }
            }

            return heard;
        }
    }

    private static HelloMessage Hello(string name) => new(ControlMessage.Version, name, Instance, false, ControlMessage.AllFeatures);

    private static async Task SayHelloAsync(VirtualStranger stranger, string name) => await stranger.SayAsync(Hello(name));

    private string[] Names() => [.. _bob.Room.Peers.Where(p => p.State == EGoatPeerState.Connected).Select(p => p.Name).Order()];

    private string[] Shown()
    {
        lock (_bob.Shown)
        {
            return [.. _bob.Shown];
        }
    }

    private DtlsCertificate CreateCertificate()
    {
        var certificate = DtlsCertificate.Create();
        _certificates.Add(certificate);
        return certificate;
    }

    private Task<SignalingClient> JoinAsync(char id) => _time.AdvanceUntilAsync(_server.JoinAsync(id), Limit);

    private async Task<VirtualStranger> ConnectAsync(SignalingClient signaling, DtlsCertificate certificate)
    {
        string address = $"192.0.2.{_strangers.Count + 10}";
        VirtualStranger stranger = await _time.AdvanceUntilAsync(VirtualStranger.ConnectAsync(_time, signaling, certificate, address, _bob.PeerId), Limit);
        _strangers.Add(stranger);
        return stranger;
    }

    private async Task<VirtualStranger> MeetAsync(char id, DtlsCertificate certificate, string name)
    {
        VirtualStranger stranger = await ConnectAsync(await JoinAsync(id), certificate);
        await SayHelloAsync(stranger, name);
        await _time.AdvanceUntilAsync(() => Names().Contains(name), Limit);
        return stranger;
    }
}
