using EGoat.Keys;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.Signaling;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>A member in virtual time that says what a test wants, over a connection of its own.</summary>
internal sealed class VirtualStranger : IAsyncDisposable
{
    private readonly SimulatedRtcHost _host;
    private readonly RtcDataChannel _control;
    private readonly List<ControlMessage> _heard = [];

    private VirtualStranger(SignalingClient signaling, SimulatedRtcHost host, RtcDataChannel control)
    {
        Signaling = signaling;
        _host = host;
        _control = control;
        Hearing = HearAsync();
    }

    /// <summary>What it is introduced by; several may share one, as far as the server of a test plays along.</summary>
    public SignalingClient Signaling { get; }

    /// <summary>Completes when its connection has ended.</summary>
    public Task Hearing { get; }

    public IReadOnlyList<ControlMessage> Heard
    {
        get
        {
            lock (_heard)
            {
                return [.. _heard];
            }
        }
    }

    /// <summary>Connects to a member, and says nothing yet.</summary>
    public static async Task<VirtualStranger> ConnectAsync(VirtualTime time, SignalingClient signaling, DtlsCertificate certificate, string address, string member)
    {
        var host = new SimulatedRtcHost(time, certificate, address);
        RtcConnection connection = host.CreateConnection();
        RtcDataChannel control = connection.CreateDataChannel("egoat");
        string session = Base32.NewId();
        await signaling.SendAsync(member, new Introduction.Offer(session, connection.CreateOffer()).Format(), default);
        await foreach (SignalingEvent e in signaling.Events.ReadAllAsync())
        {
            if (e is SignalingReceived received && Introduction.Parse(received.Data) is Introduction.Answer answer && answer.Session == session)
            {
                connection.AcceptAnswer(answer.Sdp);
                break;
            }
        }

        await control.Opened;
        return new VirtualStranger(signaling, host, control);
    }

    public async Task SayAsync(ControlMessage message) => await _control.SendAsync(ControlCodec.Encode(message), isText: true);

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private async Task HearAsync()
    {
        try
        {
            while (await _control.ReceiveAsync() is { } received)
            {
                using (received)
                {
                    Assert.True(ControlCodec.TryParse(received.Data, out ControlMessage message));
                    lock (_heard)
                    {
                        _heard.Add(message);
                    }
                }
            }
        }
        catch (RtcException)
        {
            // The connection has ended.
        }
    }
}
