using System.Net;
using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Turn;

// A client over TCP or TLS: the test is the server.
public sealed class TurnStreamTests
{
    private static readonly TransportAddress Server = new(IPAddress.Parse("198.51.100.1"), 3478);
    private static readonly TransportAddress Relayed = Server.WithPort(50_000);
    private static readonly TransportAddress Peer = new(IPAddress.Parse("192.0.2.2"), 5000);

    private readonly TurnClient _client = new(Server, isReliable: true, "goat", "cheese", new SeededEntropy(1));
    private readonly byte[] _buffer = new byte[512];
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    [Fact]
    public void Requests_are_sent_once_and_given_up_after_39_and_a_half_seconds()
    {
        Assert.True(_client.TryPollTransmit(_now, _buffer, out _));
        Assert.Equal(_now + TimeSpan.FromSeconds(39.5), _client.NextTimeout); // RFC 8489 section 6.2.2
        for (int i = 1; i < 79; i++)
        {
            _now += TimeSpan.FromSeconds(0.5);
            _client.HandleTimeout(_now);
            Assert.False(_client.TryPollTransmit(_now, _buffer, out _));
            Assert.Null(_client.FailureReason);
        }

        _client.HandleTimeout(_now + TimeSpan.FromSeconds(0.5));
        Assert.Equal("The TURN server does not answer.", _client.FailureReason);
    }

    [Fact]
    public void Channel_data_is_padded_to_four_bytes_and_its_length_says_without()
    {
        Allocate();
        Assert.Equal(0, _client.Send(_now, Peer, [99, 1, 2, 3, 4], _buffer));
        Answer(); // CreatePermission
        Assert.True(_client.TryPollTransmit(_now, _buffer, out _)); // what waited, in an indication
        Assert.True(_client.Send(_now, Peer, [99, 1, 2, 3, 4], _buffer) > 36);
        Answer(); // ChannelBind
        int length = _client.Send(_now, Peer, [99, 1, 2, 3, 4], _buffer);
        Assert.Equal<byte>([0x40, 0, 0, 5, 99, 1, 2, 3, 4, 0, 0, 0], _buffer[..length]); // RFC 8656 section 12.5

        Assert.True(_client.HandleDatagram(_now, _buffer.AsSpan(0, length), out TransportAddress peer, out Range payload));
        Assert.Equal(Peer, peer);
        Assert.Equal<byte>([99, 1, 2, 3, 4], _buffer[payload]);
    }

    private void Allocate()
    {
        Answer(401);
        Answer();
        Assert.Equal(Relayed, _client.RelayedAddress);
    }

    // Polls a request and answers it.
    private void Answer(int error = 0)
    {
        Assert.True(_client.TryPollTransmit(_now, _buffer, out int length));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, length), out StunMessage request));
        var answer = new byte[256];
        var writer = new StunMessageWriter(answer, error == 0 ? StunClass.SuccessResponse : StunClass.ErrorResponse, request.Method, request.TransactionId);
        if (error != 0)
        {
            writer.AddErrorCode(error, "Unauthorized"u8);
            writer.Add(StunAttributeType.Realm, "egoat.test"u8);
            writer.Add(StunAttributeType.Nonce, "nonce"u8);
            length = writer.Finish();
        }
        else
        {
            writer.AddXorAddress(StunAttributeType.XorRelayedAddress, Relayed);
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, Peer);
            length = writer.Finish(Key());
        }

        Assert.False(_client.HandleDatagram(_now, answer.AsSpan(0, length), out _, out _));
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "RFC 8489 section 9.2.2 prescribes MD5.")]
    private static byte[] Key() => System.Security.Cryptography.MD5.HashData(Encoding.ASCII.GetBytes("goat:egoat.test:cheese"));
}
