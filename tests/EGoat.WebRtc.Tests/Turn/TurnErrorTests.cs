using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Turn;

// Every error to every request: the test is the server, over UDP.
public sealed class TurnErrorTests
{
    private const string Realm = "egoat.test";
    private static readonly TransportAddress Server = new(IPAddress.Parse("198.51.100.1"), 3478);
    private static readonly TransportAddress Relayed = Server.WithPort(50_000);
    private static readonly TransportAddress Peer = new(IPAddress.Parse("192.0.2.2"), 5000);

    private readonly TurnClient _client = new(Server, isReliable: false, "goat", "cheese", new SeededEntropy(1));
    private readonly byte[] _buffer = new byte[512];
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    public enum Method
    {
        Allocate = 3,
        Refresh = 4,
        CreatePermission = 8,
        ChannelBind = 9,
    }

    [Theory]
    [InlineData(Method.Allocate)]
    [InlineData(Method.Refresh)]
    [InlineData(Method.CreatePermission)]
    [InlineData(Method.ChannelBind)]
    public void A_stale_nonce_is_replaced_and_the_request_goes_out_anew_at_once(Method method)
    {
        StunTransactionId first = Reach(method);
        Fail(first, method, 438, nonce: "second");
        StunTransactionId second = Poll(method, out string nonce, out string realm);
        Assert.NotEqual(first, second);
        Assert.Equal(("second", Realm), (nonce, realm));
        Succeed(second, method);
        Assert.Equal(Relayed, _client.RelayedAddress);
        Assert.Null(_client.FailureReason);
        Assert.Equal(method == Method.CreatePermission, _client.TryPollTransmit(_now, _buffer, out _)); // what waited for it
    }

    // RFC 8489 section 9.2.5.
    [Theory]
    [InlineData(Method.Allocate)]
    [InlineData(Method.Refresh)]
    [InlineData(Method.CreatePermission)]
    [InlineData(Method.ChannelBind)]
    public void A_401_with_another_realm_is_answered_with_the_key_of_that_realm(Method method)
    {
        Fail(Reach(method), method, 401, nonce: "second", realm: "other.test");
        StunTransactionId id = Poll(method, out string nonce, out string realm, keyRealm: "other.test");
        Assert.Equal(("second", "other.test"), (nonce, realm));
        Succeed(id, method, "other.test");
        Assert.Equal(Relayed, _client.RelayedAddress);
    }

    [Theory]
    [InlineData(Method.Allocate, null)]
    [InlineData(Method.Refresh, 10)]
    public void A_401_with_the_same_realm_is_the_end_of_the_credential(Method method, int? retrySeconds)
    {
        Fail(Reach(method), method, 401, nonce: "second");
        Assert.Equal("The TURN server refuses the user name or password.", _client.FailureReason);
        Assert.Null(_client.RelayedAddress);
        Assert.Equal(_now + (retrySeconds is { } s ? TimeSpan.FromSeconds(s) : null), _client.NextTimeout);
    }

    [Theory]
    [InlineData(Method.CreatePermission)]
    [InlineData(Method.ChannelBind)]
    public void A_401_for_one_peer_leaves_the_allocation(Method method)
    {
        Fail(Reach(method), method, 401, nonce: "second");
        Assert.Equal(Relayed, _client.RelayedAddress);
        Assert.False(_client.TryPollTransmit(_now, _buffer, out _));
    }

    [Theory]
    [InlineData(Method.Refresh)]
    [InlineData(Method.CreatePermission)]
    [InlineData(Method.ChannelBind)]
    public void A_437_says_that_the_allocation_is_gone_and_it_is_asked_for_after_a_second(Method method)
    {
        Fail(Reach(method), method, 437);
        Assert.Null(_client.RelayedAddress);
        Assert.Equal("The TURN server has lost the allocation.", _client.FailureReason);
        Assert.Equal(_now + TimeSpan.FromSeconds(1), _client.NextTimeout);
        Assert.Equal(0, _client.Send(_now, Peer, [99], _buffer));
        _now += TimeSpan.FromSeconds(1);
        _client.HandleTimeout(_now);
        Poll(Method.Allocate, out string nonce, out _);
        Assert.Equal("", nonce); // from the beginning
    }

    /// <summary>When the server is asked again: RFC 8656 section 7.4 wants a minute where it has no room; null is never.</summary>
    [Theory]
    [InlineData(300, 10)]
    [InlineData(400, 10)]
    [InlineData(403, 10)]
    [InlineData(420, 10)]
    [InlineData(440, null)]
    [InlineData(441, 10)]
    [InlineData(442, null)]
    [InlineData(486, 60)]
    [InlineData(500, 10)]
    [InlineData(508, 60)]
    public void An_Allocate_that_is_refused_is_told_and_tried_again_when_that_may_help(int code, int? seconds)
    {
        Fail(Reach(Method.Allocate), Method.Allocate, code);
        Assert.Equal($"The TURN server refuses with {code} because.", _client.FailureReason);
        Assert.True(_client.IsSettled);
        Assert.Equal(_now + (seconds is { } s ? TimeSpan.FromSeconds(s) : null), _client.NextTimeout);
        if (seconds is not null)
        {
            _now = _client.NextTimeout!.Value;
            _client.HandleTimeout(_now);
            Poll(Method.Allocate, out _, out _);
        }
    }

    [Theory]
    [InlineData(400)]
    [InlineData(441)]
    [InlineData(500)]
    public void A_Refresh_that_is_refused_costs_the_allocation_which_is_asked_for_after_ten_seconds(int code)
    {
        Fail(Reach(Method.Refresh), Method.Refresh, code);
        Assert.Null(_client.RelayedAddress);
        Assert.Equal(_now + TimeSpan.FromSeconds(10), _client.NextTimeout);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(441)]
    [InlineData(508)]
    public void A_permission_that_is_refused_is_asked_for_after_a_minute_if_it_is_still_wanted(int code)
    {
        Fail(Reach(Method.CreatePermission), Method.CreatePermission, code);
        _now += TimeSpan.FromSeconds(1);
        Assert.Equal(0, _client.Send(_now, Peer, [99], _buffer));
        Assert.False(_client.TryPollTransmit(_now, _buffer, out _));
        _now += TimeSpan.FromSeconds(59);
        Assert.Equal(0, _client.Send(_now, Peer, [98], _buffer));
        Succeed(Poll(Method.CreatePermission, out _, out _), Method.CreatePermission);
        Assert.True(_client.TryPollTransmit(_now, _buffer, out int length)); // what was sent last, and nothing that is a minute old
        Assert.Contains((byte)98, _buffer[..length]);
        Assert.DoesNotContain((byte)99, _buffer[44..length]);
        Assert.Equal(Relayed, _client.RelayedAddress);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(441)]
    [InlineData(508)]
    public void A_channel_that_is_refused_is_done_without_for_four_minutes(int code)
    {
        Fail(Reach(Method.ChannelBind), Method.ChannelBind, code);
        int indication = _client.Send(_now, Peer, [99], _buffer);
        Assert.Equal(0, _buffer[0]);
        Assert.True(indication > 36);
        Assert.False(_client.TryPollTransmit(_now, _buffer, out _));
        _now += TimeSpan.FromSeconds(239);
        _client.Send(_now, Peer, [99], _buffer);
        _client.HandleTimeout(_now);
        Assert.DoesNotContain(Method.ChannelBind, PollAll());
        _now += TimeSpan.FromSeconds(1);
        _client.HandleTimeout(_now);
        Assert.Contains(Method.ChannelBind, PollAll());
    }

    /// <summary>RFC 8656 section 3.2: a minute before it expires; half way when it lives at most two.</summary>
    [Theory]
    [InlineData(0u, 1)]
    [InlineData(1u, 1)]
    [InlineData(30u, 15)]
    [InlineData(120u, 60)]
    [InlineData(121u, 61)]
    [InlineData(600u, 540)]
    [InlineData(3600u, 3540)]
    [InlineData(null, 540)]
    public void A_Refresh_goes_out_before_the_lifetime_ends_that_the_server_has_told(uint? lifetime, int seconds)
    {
        Succeed(Reach(Method.Allocate), Method.Allocate, lifetime: lifetime);
        Assert.Equal(_now + TimeSpan.FromSeconds(seconds), _client.NextTimeout);
        for (int i = 0; i < 3; i++)
        {
            _now = _client.NextTimeout!.Value;
            _client.HandleTimeout(_now);
            Succeed(Poll(Method.Refresh, out _, out _), Method.Refresh, lifetime: lifetime);
            Assert.Equal(_now + TimeSpan.FromSeconds(seconds), _client.NextTimeout);
        }
    }

    // The server could make a client send from its own socket what was to be relayed.
    [Theory]
    [InlineData("0.0.0.0", 5000)]
    [InlineData("224.0.0.1", 5000)]
    [InlineData("255.255.255.255", 5000)]
    [InlineData("::", 5000)]
    [InlineData("198.51.100.1", 0)]
    public void A_relayed_address_that_is_none_is_refused(string address, int port)
    {
        StunTransactionId id = Reach(Method.Allocate);
        var answer = new byte[256];
        var writer = new StunMessageWriter(answer, StunClass.SuccessResponse, (ushort)Method.Allocate, id);
        writer.AddXorAddress(StunAttributeType.XorRelayedAddress, new TransportAddress(IPAddress.Parse(address), port));
        Assert.False(_client.HandleDatagram(_now, answer.AsSpan(0, writer.Finish(Key(Realm))), out _, out _));
        Assert.Null(_client.RelayedAddress);
        Assert.Equal("The TURN server tells no relayed address.", _client.FailureReason);
        Assert.Equal(_now + TimeSpan.FromSeconds(10), _client.NextTimeout);
    }

    // RFC 8489 section 14.3. Who names the server may be hostile.
    [Theory]
    [InlineData(508, true)]
    [InlineData(509, false)]
    [InlineData(100_000, false)]
    public void A_user_name_that_fits_no_request_is_refused_and_the_longest_fits(int length, bool isUsable)
    {
        var client = new TurnClient(Server, isReliable: false, new string('g', length), "cheese", new SeededEntropy(1));
        var buffer = new byte[3000];
        Assert.Equal(isUsable, client.TryPollTransmit(_now, buffer, out int written));
        Assert.Equal(isUsable ? null : "The user name for the TURN server is too long.", client.FailureReason);
        Assert.Equal(!isUsable, client.IsSettled);
        if (isUsable)
        {
            Assert.True(StunMessage.TryParse(buffer.AsSpan(0, written), out StunMessage request));
            byte[] challenge = WriteError(request.TransactionId, Method.Allocate, 401, new string('n', 700), new string('r', 700));
            Assert.False(client.HandleDatagram(_now, challenge, out _, out _));
            Assert.True(client.TryPollTransmit(_now, buffer, out written));
            Assert.InRange(written, 508 + 1400, 2200);
        }
    }

    [Theory]
    [InlineData(763, true)]
    [InlineData(764, false)]
    public void A_nonce_and_a_realm_have_at_most_763_bytes(int length, bool isTaken)
    {
        foreach (bool isNonce in (bool[])[true, false])
        {
            var test = new TurnErrorTests();
            StunTransactionId id = test.Poll(Method.Allocate, out _, out _);
            string text = new('x', length);
            byte[] challenge = WriteError(id, Method.Allocate, 401, isNonce ? text : "n", isNonce ? "r" : text);
            Assert.False(test._client.HandleDatagram(test._now, challenge, out _, out _));
            Assert.Equal(isTaken, test._client.TryPollTransmit(test._now, new byte[3000], out _));
            Assert.Equal(isTaken, test._client.FailureReason is null);
        }
    }

    [Fact]
    public void An_answer_to_another_method_or_without_the_right_integrity_is_no_answer()
    {
        StunTransactionId id = Reach(Method.Refresh);
        Succeed(id, Method.CreatePermission);
        Succeed(id, Method.Refresh, "other.test");
        Assert.NotEqual(_now + TimeSpan.FromSeconds(540), _client.NextTimeout);
        Succeed(id, Method.Refresh);
        Assert.Equal(_now + TimeSpan.FromSeconds(540), _client.NextTimeout);
    }

    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "RFC 8489 section 9.2.2 prescribes MD5.")]
    private static byte[] Key(string realm) => MD5.HashData(Encoding.ASCII.GetBytes($"goat:{realm}:cheese"));

    // Until a request of this kind that carries the credential is under way.
    private StunTransactionId Reach(Method method)
    {
        Fail(Poll(Method.Allocate, out _, out _), Method.Allocate, 401, nonce: "first");
        StunTransactionId id = Poll(Method.Allocate, out _, out _);
        if (method == Method.Allocate)
        {
            return id;
        }

        Succeed(id, Method.Allocate);
        if (method == Method.Refresh)
        {
            _now = _client.NextTimeout!.Value;
            _client.HandleTimeout(_now);
            return Poll(Method.Refresh, out _, out _);
        }

        Assert.Equal(0, _client.Send(_now, Peer, [99], _buffer));
        id = Poll(Method.CreatePermission, out _, out _);
        if (method == Method.CreatePermission)
        {
            return id;
        }

        Succeed(id, Method.CreatePermission);
        Assert.True(_client.TryPollTransmit(_now, _buffer, out _)); // what waited
        Assert.True(_client.Send(_now, Peer, [99], _buffer) > 0);
        return Poll(Method.ChannelBind, out _, out _);
    }

    private List<Method> PollAll()
    {
        var methods = new List<Method>();
        while (_client.TryPollTransmit(_now, _buffer, out int length))
        {
            Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, length), out StunMessage request));
            methods.Add((Method)request.Method);
        }

        return methods;
    }

    private StunTransactionId Poll(Method method, out string nonce, out string realm, string keyRealm = Realm)
    {
        Assert.True(_client.TryPollTransmit(_now, _buffer, out int length));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, length), out StunMessage request));
        Assert.Equal((StunClass.Request, method), (request.Class, (Method)request.Method));
        bool hasCredential = request.TryGetAttribute(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonceBytes);
        request.TryGetAttribute(StunAttributeType.Realm, out ReadOnlySpan<byte> realmBytes);
        (nonce, realm) = (Encoding.UTF8.GetString(nonceBytes), Encoding.UTF8.GetString(realmBytes));
        Assert.Equal(hasCredential, request.VerifyIntegrity(Key(keyRealm)));
        return request.TransactionId;
    }

    private void Fail(StunTransactionId id, Method method, int code, string? nonce = null, string realm = Realm) =>
        Assert.False(_client.HandleDatagram(_now, WriteError(id, method, code, nonce, realm), out _, out _));

    private static byte[] WriteError(StunTransactionId id, Method method, int code, string? nonce, string realm)
    {
        var answer = new byte[1700];
        var writer = new StunMessageWriter(answer, StunClass.ErrorResponse, (ushort)method, id);
        writer.AddErrorCode(code, "because"u8);
        if (nonce is not null)
        {
            writer.Add(StunAttributeType.Realm, Encoding.UTF8.GetBytes(realm));
            writer.Add(StunAttributeType.Nonce, Encoding.UTF8.GetBytes(nonce));
        }

        return answer[..writer.Finish()];
    }

    private void Succeed(StunTransactionId id, Method method, string keyRealm = Realm, uint? lifetime = 600)
    {
        var answer = new byte[256];
        var writer = new StunMessageWriter(answer, StunClass.SuccessResponse, (ushort)method, id);
        if (method == Method.Allocate)
        {
            writer.AddXorAddress(StunAttributeType.XorRelayedAddress, Relayed);
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, Peer);
        }

        if (lifetime is { } seconds && method is Method.Allocate or Method.Refresh)
        {
            writer.Add(StunAttributeType.Lifetime, seconds);
        }

        Assert.False(_client.HandleDatagram(_now, answer.AsSpan(0, writer.Finish(Key(keyRealm))), out _, out _));
    }
}
