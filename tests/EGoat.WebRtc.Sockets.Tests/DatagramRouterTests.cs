using System.Net;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets.Tests;

public sealed class DatagramRouterTests : IDisposable
{
    private static readonly TransportAddress Local = new(IPAddress.Parse("192.0.2.1"), 5000);
    private static readonly TransportAddress Remote = new(IPAddress.Parse("192.0.2.2"), 5000);

    private readonly DtlsCertificate _certificate = DtlsCertificate.Create();
    private readonly Host _host = new();
    private readonly RtcConnection _first;
    private readonly RtcConnection _second;

    public DatagramRouterTests()
    {
        _first = CreateConnection(1);
        _second = CreateConnection(2);
    }

    public void Dispose() => _certificate.Dispose();

    [Fact]
    public void A_response_is_for_the_connection_that_sent_the_request_and_for_no_other()
    {
        StunTransactionId first = Check(_first);
        StunTransactionId second = Check(_second);
        Assert.NotEqual(first, second);
        Assert.Equal([_first], Dispatch(Response(first)));
        Assert.Equal([_second], Dispatch(Response(second)));
    }

    [Fact]
    public void A_response_that_fits_no_transaction_touches_no_connection()
    {
        Check(_first);
        Assert.Empty(Dispatch(Response(StunTransactionId.Create(new SeededEntropy(99)))));
    }

    [Fact]
    public void A_request_that_names_nobody_and_an_indication_touch_no_connection()
    {
        StunTransactionId id = Check(_first);
        Assert.Empty(Dispatch(Message(StunClass.Request, id)));
        Assert.Empty(Dispatch(Message(StunClass.Indication, id)));
    }

    [Fact]
    public void Requests_of_a_connection_that_has_ended_and_old_ones_are_forgotten()
    {
        StunTransactionId first = Check(_first);
        _host.Router.Remove(_first);
        Assert.Empty(Dispatch(Response(first)));

        StunTransactionId old = Check(_second);
        _host.Now += TimeSpan.FromSeconds(60);
        _host.Router.HandleSent(_host.Now, _second, Message(StunClass.Request, StunTransactionId.Create(new SeededEntropy(98))));
        Assert.Empty(Dispatch(Response(old)));
    }

    [Fact]
    public void However_many_requests_are_sent_the_latest_are_known()
    {
        var entropy = new SeededEntropy(97);
        StunTransactionId[] ids = [.. Enumerable.Range(0, 20_000).Select(_ => StunTransactionId.Create(entropy))];
        foreach (StunTransactionId id in ids)
        {
            _host.Router.HandleSent(_host.Now, _first, Message(StunClass.Request, id));
        }

        Assert.Equal([_first], Dispatch(Response(ids[^1])));
        Assert.Empty(Dispatch(Response(ids[0])));
    }

    private static byte[] Response(StunTransactionId id) => Message(StunClass.SuccessResponse, id);

    private static byte[] Message(StunClass @class, StunTransactionId id)
    {
        var buffer = new byte[256];
        return buffer[..new StunMessageWriter(buffer, @class, StunMessage.BindingMethod, id).Finish()];
    }

    private List<RtcConnection> Dispatch(byte[] datagram)
    {
        var touched = new List<RtcConnection>();
        _host.Router.Dispatch(Local, Remote, datagram, touched);
        return touched;
    }

    // The transaction of the first check that the connection sends.
    private StunTransactionId Check(RtcConnection connection)
    {
        RtcConnection peer = CreateConnection(3);
        connection.AcceptAnswer(peer.AcceptOffer(connection.CreateOffer()));
        byte[] check = _host.Sent.Last(s => s.Sender == connection).Bytes;
        Assert.True(StunMessage.TryParse(check, out StunMessage message));
        Assert.Equal(StunClass.Request, message.Class);
        return message.TransactionId;
    }

    private RtcConnection CreateConnection(int seed)
    {
        var engine = new PeerConnection(new PeerConnectionOptions { Certificate = _certificate }, new SeededEntropy(seed));
        engine.AddLocalCandidate(_host.Now, IceCandidate.CreateHost(Local, Local, ushort.MaxValue));
        var connection = new RtcConnection(_host, engine);
        _host.Router.Add(connection);
        return connection;
    }

    private sealed class Host : IConnectionHost
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

        public SendBuffers SendBuffers { get; } = new();

        public DatagramRouter Router { get; } = new();

        public List<(RtcConnection Sender, byte[] Bytes)> Sent { get; } = [];

        public void Register(string ufrag, string? outdated, RtcConnection connection) => Router.Register(ufrag, outdated, connection);

        public void Remove(RtcConnection connection) => Router.Remove(connection);

        public void Schedule(TimeSpan at)
        {
        }

        public void Send(RtcConnection sender, in Transmit transmit, ReadOnlySpan<byte> buffer)
        {
            byte[] bytes = buffer[..transmit.Length].ToArray();
            Router.HandleSent(Now, sender, bytes);
            Sent.Add((sender, bytes));
        }
    }
}
