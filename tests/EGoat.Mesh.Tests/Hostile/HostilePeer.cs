using EGoat.Keys;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Signaling;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Hostile;

/// <summary>A member of a room that says and sends whatever a test wants.</summary>
internal sealed class HostilePeer : IAsyncDisposable
{
    private readonly SignalingClient _signaling;
    private readonly RtcHost _host;
    private readonly RtcConnection _connection;
    private readonly RtcDataChannel _control;
    private readonly string _member;
    private readonly string _session;

    private HostilePeer(SignalingClient signaling, RtcHost host, RtcConnection connection, RtcDataChannel control, string member, string session) =>
        (_signaling, _host, _connection, _control, _member, _session) = (signaling, host, connection, control, member, session);

    /// <summary>The peer id of the member that it is connected to.</summary>
    public string Member => _member;

    /// <summary>Joins a room and connects to a member of it: the one that is named, or the only one.</summary>
    public static async Task<HostilePeer> ConnectAsync(Uri server, string room, DtlsCertificate certificate, CancellationToken cancellationToken, string? other = null)
    {
        SignalingClient signaling = await SignalingClient.ConnectAsync(new SignalingClientOptions { Server = server, Room = room, Peer = Base32.NewId() }, cancellationToken);
        var host = RtcHost.Open(new RtcHostOptions { Certificate = certificate, IncludeLoopback = true });
        RtcConnection connection = host.CreateConnection();
        RtcDataChannel control = connection.CreateDataChannel("egoat");
        string session = Base32.NewId();
        string member = "";
        await foreach (SignalingEvent e in signaling.Events.ReadAllAsync(cancellationToken))
        {
            if (e is SignalingJoined joined)
            {
                member = other ?? Assert.Single(joined.Peers);
                await signaling.SendAsync(member, new Introduction.Offer(session, connection.CreateOffer()).Format(), cancellationToken);
            }
            else if (e is SignalingReceived received && Introduction.Parse(received.Data) is Introduction.Answer { Sdp: { } answer })
            {
                connection.AcceptAnswer(answer);
                break;
            }
        }

        await control.Opened.WaitAsync(cancellationToken);
        var peer = new HostilePeer(signaling, host, connection, control, member, session);
        await peer.SayAsync(new HelloMessage(1, "mallory", Base32.NewId(), true, ControlMessage.AllFeatures), cancellationToken);
        Assert.IsType<HelloMessage>(await peer.HearAsync(cancellationToken));
        return peer;
    }

    /// <summary>Restarts ICE with another offer of the same session; the answer.</summary>
    public async Task<string> RestartIceAsync(CancellationToken cancellationToken)
    {
        _connection.RestartIce();
        await IntroduceAsync(new Introduction.Offer(_session, _connection.CreateOffer()), cancellationToken);
        while (true)
        {
            Introduction heard = await HearIntroductionAsync(cancellationToken);
            if (heard is Introduction.Answer answer)
            {
                Assert.Equal(_session, answer.Session);
                _connection.AcceptAnswer(answer.Sdp);
                return answer.Sdp;
            }
        }
    }

    /// <summary>Says something through the signaling server.</summary>
    public async Task IntroduceAsync(Introduction introduction, CancellationToken cancellationToken) =>
        await _signaling.SendAsync(_member, introduction.Format(), cancellationToken);

    /// <summary>The next introduction of the member.</summary>
    public async Task<Introduction> HearIntroductionAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await _signaling.Events.ReadAsync(cancellationToken) is SignalingReceived received)
            {
                return Introduction.Parse(received.Data)!;
            }
        }
    }

    public async Task SayAsync(ControlMessage message, CancellationToken cancellationToken) =>
        await _control.SendAsync(ControlCodec.Encode(message), isText: true, cancellationToken);

    /// <summary>The next control message.</summary>
    public async Task<ControlMessage> HearAsync(CancellationToken cancellationToken)
    {
        using RtcMessage? received = await _control.ReceiveAsync(cancellationToken);
        Assert.NotNull(received);
        Assert.True(ControlCodec.TryParse(received.Data, out ControlMessage message));
        return message;
    }

    /// <summary>Opens a channel under any name.</summary>
    public RtcDataChannel Open(string label) => _connection.CreateDataChannel(label);

    /// <summary>Begins a transfer with frames that need not make sense; the channel stays open.</summary>
    public async Task<RtcDataChannel> SendAsync(string id, IEnumerable<byte[]> frames, CancellationToken cancellationToken)
    {
        RtcDataChannel channel = _connection.CreateDataChannel($"file:{id}");
        await SayAsync(new TransferMessage(id, 1, -1, "x"), cancellationToken);
        foreach (byte[] frame in frames)
        {
            await channel.SendAsync(frame, isText: false, cancellationToken);
        }

        return channel;
    }

    /// <summary>The channel of the transfer that the member has offered, and its id.</summary>
    public async Task<(string Id, RtcDataChannel Channel)> AwaitOfferAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if ((await _connection.Events.ReadAsync(cancellationToken)).IncomingChannel is { } channel)
            {
                return (channel.Label["file:".Length..], channel);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _signaling.DisposeAsync();
        await _host.DisposeAsync();
    }
}
