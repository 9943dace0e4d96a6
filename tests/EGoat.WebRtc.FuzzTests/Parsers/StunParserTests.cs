using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Stun;
using FsCheck;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Parsers;

public sealed class StunParserTests
{
    private static readonly byte[] Key = "a password of 22 chars"u8.ToArray();

    private static readonly StunAttributeType[] Types = Enum.GetValues<StunAttributeType>();

    [Fact]
    public void Mutated_messages_are_read_or_refused() => CorpusGenerators.CheckPackets("stun", PacketShare.StunParser, bytes =>
    {
        StunMessage.TryReadLocalUfrag(bytes, out _);
        if (!StunMessage.TryParse(bytes, out StunMessage message))
        {
            return;
        }

        foreach (StunAttributeType type in Types)
        {
            if (message.TryGetAttribute(type, out ReadOnlySpan<byte> value))
            {
                Assert.InRange(value.Length, 0, bytes.Length - StunMessage.HeaderLength - StunMessage.AttributeHeaderLength);
            }

            message.TryGetUInt32(type, out _);
            message.TryGetUInt64(type, out _);
            message.TryGetXorAddress(type, out _);
        }

        message.TryGetErrorCode(out _);
        Assert.InRange(message.GetErrorReason().Length, 0, 128);
        message.FindUnknownRequiredAttribute();
        message.HasValidFingerprint();
        message.VerifyIntegrity(Key);
    });

    [Fact]
    public void What_is_written_is_read_again()
    {
        Gen<byte[][]> values = CorpusGenerators.Bytes(40).ArrayOf();
        FuzzRun.Check(values, FuzzRun.ShrinkArray, attributes =>
        {
            attributes = attributes[..Math.Min(attributes.Length, 20)];
            var buffer = new byte[StunMessage.MaxLength];
            var id = new StunTransactionId((uint)attributes.Length, 42);
            var writer = new StunMessageWriter(buffer, StunClass.Indication, 0xABC, id);
            for (int i = 0; i < attributes.Length; i++)
            {
                writer.Add((StunAttributeType)(0x9000 + i), attributes[i]);
            }

            byte[] bytes = buffer[..writer.Finish(Key)];
            Assert.True(StunMessage.TryParse(bytes, out StunMessage message));
            Assert.Equal((StunClass.Indication, 0xABC, id), (message.Class, message.Method, message.TransactionId));
            Assert.True(message.HasValidFingerprint());
            Assert.True(message.VerifyIntegrity(Key));
            for (int i = 0; i < attributes.Length; i++)
            {
                Assert.True(message.TryGetAttribute((StunAttributeType)(0x9000 + i), out ReadOnlySpan<byte> value));
                Assert.Equal(attributes[i], value);
            }
        }, 500);
    }

    [Fact]
    public void No_changed_bit_survives_the_integrity_check()
    {
        var buffer = new byte[200];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, "aaaa:zzzz"u8);
        writer.Add(StunAttributeType.Priority, 7u);
        byte[] bytes = buffer[..writer.Finish(Key)];
        const int fingerprintLength = 8;
        for (int bit = 0; bit < 8 * (bytes.Length - fingerprintLength); bit++)
        {
            byte[] changed = [.. bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(StunMessage.TryParse(changed, out StunMessage message) && message.VerifyIntegrity(Key), $"bit {bit}");
        }
    }

    [Fact]
    public void An_address_is_written_and_read_again() => FuzzRun.Check(
        CorpusGenerators.Bytes(16).Where(b => b.Length is 4 or 16).Zip(Gen.Choose(0, ushort.MaxValue)),
        _ => [],
        input =>
        {
            TransportAddress address = TransportAddress.FromBytes(input.Item1, (ushort)input.Item2);
            var buffer = new byte[100];
            var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMessage.BindingMethod, new StunTransactionId(5, 6));
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, address);
            Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Finish()), out StunMessage message));
            Assert.True(message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out TransportAddress read));
            Assert.Equal(address, read);
        },
        500);
}
