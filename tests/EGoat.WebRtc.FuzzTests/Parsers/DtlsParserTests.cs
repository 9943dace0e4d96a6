using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.FuzzTests.Support;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Parsers;

public sealed class DtlsParserTests
{
    [Fact]
    public void Mutated_records_and_their_handshake_messages_are_read_or_refused() => CorpusGenerators.CheckPackets("dtls", PacketShare.DtlsParser, bytes =>
    {
        ReadOnlySpan<byte> rest = bytes;
        while (RecordHeader.TryParse(rest, out RecordHeader header))
        {
            var written = new byte[RecordHeader.EncodedLength];
            header.Write(written);
            Assert.Equal(rest[..RecordHeader.EncodedLength], written);
            ReadMessages(rest.Slice(RecordHeader.EncodedLength, header.Length));
            rest = rest[(RecordHeader.EncodedLength + header.Length)..];
        }
    });

    [Fact]
    public void A_handshake_header_is_written_and_read_again() => FuzzRun.Check(CorpusGenerators.Bytes(40), FuzzRun.ShrinkArray, bytes =>
    {
        var reader = new TlsReader(bytes);
        if (HandshakeHeader.TryRead(ref reader, out HandshakeHeader header, out ReadOnlySpan<byte> fragment))
        {
            var written = new byte[HandshakeHeader.EncodedLength];
            header.Write(written);
            Assert.Equal(bytes[..HandshakeHeader.EncodedLength], written);
            Assert.Equal(header.FragmentLength, fragment.Length);
        }
    }, 2000);

    [Fact]
    public void Hellos_are_written_and_read_again() => FuzzRun.Check(CorpusGenerators.Bytes(255), FuzzRun.ShrinkArray, cookie =>
    {
        byte[] random = [.. Enumerable.Range(0, ClientHello.RandomLength).Select(i => (byte)i)];
        var writer = new TlsWriter();
        ClientHello.Write(writer, random, cookie);
        Assert.True(ClientHello.TryParse(writer.Written, out ClientHello client));
        Assert.True(client is { HasDtls12: true, IsAcceptable: true, HasExtendedMasterSecret: true, HasRenegotiationInfo: true });
        Assert.Equal(random, client.Random);
        var answer = new TlsWriter();
        ServerHello.Write(answer, random, client);
        Assert.True(ServerHello.TryParse(answer.Written, out ServerHello server));
        Assert.True(server is { HasExtendedMasterSecret: true, HasUnknownExtension: false, Version: DtlsVersion.Dtls12 });
        for (int length = 0; length < writer.Written.Length; length++)
        {
            // The extensions as a whole may be missing (RFC 5246 section 7.4.1.2); nothing else may.
            ClientHello.TryParse(writer.Written[..length], out _);
        }
    }, 200);

    /// <summary>Fragments of two messages in any order, split, overlapping and repeated, give the messages.</summary>
    [Fact]
    public void Fragments_in_any_order_give_the_messages() => FuzzRun.Check(Gen.Choose(0, int.MaxValue - 1), _ => [], seed =>
    {
        var random = new Random(seed);
        var messages = new byte[random.Next(1, 6)][];
        var fragments = new List<(HandshakeHeader Header, byte[] Bytes)>();
        for (ushort sequence = 0; sequence < messages.Length; sequence++)
        {
            byte[] message = messages[sequence] = new byte[random.Next(0, 100)];
            random.NextBytes(message);
            for (int start = 0; start < message.Length || start == 0;)
            {
                int from = Math.Max(0, start - random.Next(5));
                int end = Math.Min(message.Length, start + random.Next(1, 40));
                fragments.Add((new HandshakeHeader((HandshakeType)sequence, message.Length, sequence, from, end - from), message[from..end]));
                start = Math.Max(end, 1);
            }
        }

        (HandshakeHeader Header, byte[] Bytes)[] order = [.. fragments, .. fragments];
        random.Shuffle(order);
        var reassembler = new HandshakeReassembler();
        int taken = 0;
        foreach ((HandshakeHeader header, byte[] bytes) in order)
        {
            reassembler.Add(header, bytes, isProtected: false);
            while (reassembler.TryTake(out HandshakeType type, out byte[] message, out _))
            {
                Assert.Equal((HandshakeType)taken, type);
                Assert.Equal(messages[taken++], message[HandshakeHeader.EncodedLength..]);
            }
        }

        Assert.Equal(messages.Length, taken);
    }, 1000);

    private static void ReadMessages(ReadOnlySpan<byte> payload)
    {
        var reader = new TlsReader(payload);
        var reassembler = new HandshakeReassembler();
        while (!reader.IsEmpty && HandshakeHeader.TryRead(ref reader, out HandshakeHeader header, out ReadOnlySpan<byte> fragment))
        {
            reassembler.Add(header with { MessageSequence = 0 }, fragment, isProtected: false);
            ClientHello.TryParse(fragment, out _);
            ServerHello.TryParse(fragment, out _);
        }

        reassembler.TryTake(out _, out _, out _);
    }
}
