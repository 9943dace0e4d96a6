using System.Text;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Stun;

public sealed class StunMessageTests
{
    private static readonly byte[] Password = "VOkJxbRl1RmTxUk/WvJxBt"u8.ToArray();

    /// <summary>RFC 5769 section 2.1: a request as ICE sends it.</summary>
    private static readonly byte[] SampleRequest = Convert.FromHexString(
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36" +
        "000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf");

    /// <summary>RFC 5769 section 2.2: the response over IPv4.</summary>
    private static readonly byte[] SampleResponse4 = Convert.FromHexString(
        "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c3" +
        "8c7489f92af9ba53f06be7d780280004c07d4c96");

    /// <summary>RFC 5769 section 2.3: the response over IPv6.</summary>
    private static readonly byte[] SampleResponse6 = Convert.FromHexString(
        "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9" +
        "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c");

    /// <summary>RFC 5769 section 2.4: a request with a long-term credential, without FINGERPRINT.</summary>
    private static readonly byte[] SampleLongTermRequest = Convert.FromHexString(
        "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c662f2f3439396b393534643" +
        "64f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666");

    [Fact]
    public void The_sample_request_of_RFC_5769_verifies()
    {
        Assert.True(StunMessage.TryParse(SampleRequest, out StunMessage message));
        Assert.Equal(StunClass.Request, message.Class);
        Assert.Equal(StunMessage.BindingMethod, message.Method);
        Assert.True(message.HasValidFingerprint());
        Assert.True(message.VerifyIntegrity(Password));
        Assert.False(message.VerifyIntegrity("another password"u8));
        Assert.True(message.TryGetUInt32(StunAttributeType.Priority, out uint priority));
        Assert.Equal(0x6e0001ffu, priority);
        Assert.True(message.TryGetUInt64(StunAttributeType.IceControlled, out ulong tieBreaker));
        Assert.Equal(0x932ff9b151263b36ul, tieBreaker);
        Assert.True(StunMessage.TryReadLocalUfrag(SampleRequest, out ReadOnlySpan<byte> ufrag));
        Assert.Equal("evtj", Encoding.ASCII.GetString(ufrag));
    }

    [Fact]
    public void The_sample_responses_of_RFC_5769_verify()
    {
        Assert.True(StunMessage.TryParse(SampleResponse4, out StunMessage message));
        Assert.Equal(StunClass.SuccessResponse, message.Class);
        Assert.True(message.HasValidFingerprint());
        Assert.True(message.VerifyIntegrity(Password));
        Assert.True(message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out TransportAddress address));
        Assert.Equal("192.0.2.1:32853", address.ToString());

        Assert.True(StunMessage.TryParse(SampleResponse6, out message));
        Assert.True(message.HasValidFingerprint());
        Assert.True(message.VerifyIntegrity(Password));
        Assert.True(message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out address));
        Assert.Equal("[2001:db8:1234:5678:11:2233:4455:6677]:32853", address.ToString());
    }

    [Fact]
    public void The_sample_request_with_a_long_term_credential_of_RFC_5769_verifies()
    {
        Assert.True(StunMessage.TryParse(SampleLongTermRequest, out StunMessage message));
        Assert.Equal((StunClass.Request, StunMessage.BindingMethod), (message.Class, message.Method));
        Assert.False(message.HasValidFingerprint());
        Assert.True(message.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username));
        Assert.Equal("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", Encoding.UTF8.GetString(username));
        Assert.True(message.TryGetAttribute(StunAttributeType.Realm, out ReadOnlySpan<byte> realm));
        Assert.Equal("example.org", Encoding.UTF8.GetString(realm));
        Assert.True(message.TryGetAttribute(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce));
        Assert.Equal("f//499k954d6OL34oL9FSTvy64sA", Encoding.UTF8.GetString(nonce));

        // The key, as a client makes it from the challenge that came before.
        var challenge = new byte[256];
        var writer = new StunMessageWriter(challenge, StunClass.ErrorResponse, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.AddErrorCode(401, "Unauthorized"u8);
        writer.Add(StunAttributeType.Realm, realm);
        writer.Add(StunAttributeType.Nonce, nonce);
        Assert.True(StunMessage.TryParse(challenge.AsSpan(0, writer.Finish()), out StunMessage error));
        var credential = new LongTermCredential(Encoding.UTF8.GetString(username), "TheMatrIX");
        Assert.True(credential.TryUpdate(error));
        Assert.True(message.VerifyIntegrity(credential.Key));
        Assert.False(message.VerifyIntegrity("TheMatrIX"u8));
    }

    [Fact]
    public void Every_damaged_byte_of_the_samples_is_noticed()
    {
        foreach (byte[] sample in new[] { SampleRequest, SampleResponse4, SampleResponse6 })
        {
            for (int i = 0; i < sample.Length; i++)
            {
                byte[] damaged = [.. sample];
                damaged[i] ^= 1;
                Assert.False(StunMessage.TryParse(damaged, out StunMessage message) && message.HasValidFingerprint());
            }
        }
    }

    [Theory]
    [InlineData("192.0.2.1", 1)]
    [InlineData("2001:db8::1", 65535)]
    public void What_is_written_is_read_back(string text, int port)
    {
        Assert.True(TransportAddress.TryParse(text, port, out TransportAddress address));
        var id = new StunTransactionId(0x01020304, 0x05060708090a0b0c);
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.ErrorResponse, StunMessage.BindingMethod, id);
        writer.Add(StunAttributeType.Username, "abc:defgh"u8);
        writer.AddXorAddress(StunAttributeType.XorMappedAddress, address);
        writer.AddErrorCode(487, "Role Conflict"u8);
        writer.Add(StunAttributeType.IceControlling, 42UL);
        int length = writer.Finish(Password);

        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, length), out StunMessage message));
        Assert.Equal(StunClass.ErrorResponse, message.Class);
        Assert.Equal(id, message.TransactionId);
        Assert.True(message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out TransportAddress parsed));
        Assert.Equal(address, parsed);
        Assert.True(message.TryGetErrorCode(out int code));
        Assert.Equal(487, code);
        Assert.True(message.VerifyIntegrity(Password));
        Assert.True(message.HasValidFingerprint());
    }

    // RFC 8489 section 14.5: whoever adds something there has no key.
    [Fact]
    public void What_stands_behind_the_integrity_is_not_read()
    {
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, "abc:defgh"u8);
        int length = writer.Finish(Password) - 8; // without FINGERPRINT
        byte[] captured = buffer[..length];
        writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, "abc:defgh"u8);
        writer.Add(StunAttributeType.MessageIntegrity, captured.AsSpan(length - 20));
        writer.Add(StunAttributeType.UseCandidate, []);
        writer.Add(StunAttributeType.Priority, 7u);
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Finish()), out StunMessage message));
        Assert.True(message.VerifyIntegrity(Password) && message.HasValidFingerprint());
        Assert.True(message.TryGetAttribute(StunAttributeType.Username, out _));
        Assert.False(message.TryGetAttribute(StunAttributeType.UseCandidate, out _));
        Assert.False(message.TryGetUInt32(StunAttributeType.Priority, out _));
    }

    [Theory]
    [InlineData("abcd:efgh", "abcd")]
    [InlineData("abcd:", "abcd")]
    [InlineData("abcd", null)]
    [InlineData(":efgh", null)]
    [InlineData("", null)]
    public void Whom_a_check_is_for_stands_before_the_colon(string username, string? expected)
    {
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(username));
        Assert.Equal(expected is not null, StunMessage.TryReadLocalUfrag(buffer.AsSpan(0, writer.Finish(Password)), out ReadOnlySpan<byte> ufrag));
        Assert.Equal(expected, expected is null ? null : Encoding.ASCII.GetString(ufrag));
    }

    [Fact]
    public void The_reason_of_an_error_is_shortened_and_has_no_control_characters()
    {
        var buffer = new byte[1024];
        var writer = new StunMessageWriter(buffer, StunClass.ErrorResponse, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.AddErrorCode(486, Encoding.UTF8.GetBytes("a\u001b[2Jb\r\nc\u009bd" + new string('e', 500)));
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Finish()), out StunMessage message));
        Assert.StartsWith("a[2Jbcdeee", message.GetErrorReason(), StringComparison.Ordinal);
        Assert.InRange(message.GetErrorReason().Length, 100, 128);
    }

    [Fact]
    public void A_message_is_as_long_as_it_says()
    {
        Assert.True(StunMessage.TryParse(SampleRequest, out _));
        Assert.False(StunMessage.TryParse([.. SampleRequest, 0, 0, 0, 0], out _));
        Assert.False(StunMessage.TryParse(SampleRequest.AsSpan(0, SampleRequest.Length - 4), out _));
        byte[] longer = [.. SampleRequest];
        longer[3] += 4;
        Assert.False(StunMessage.TryParse(longer, out _));
    }

    [Fact]
    public void Damaged_messages_are_refused_and_never_throw()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = SampleRequest.AsSpan(0, random.Next(SampleRequest.Length + 1)).ToArray();
            for (int j = random.Next(1, 4); j > 0 && damaged.Length > 0; j--)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            }

            bool isAccepted = StunMessage.TryParse(damaged, out StunMessage message) && message.HasValidFingerprint() && message.VerifyIntegrity(Password);
            Assert.False(isAccepted && !damaged.AsSpan().SequenceEqual(SampleRequest));
        }
    }
}
