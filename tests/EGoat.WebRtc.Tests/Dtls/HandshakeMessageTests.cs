using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

public sealed class HandshakeMessageTests
{
    [Fact]
    public void Unknown_groups_suites_versions_and_extensions_of_a_ClientHello_are_ignored()
    {
        Assert.True(ClientHello.TryParse(WriteHello(), out ClientHello hello));
        Assert.True(hello.HasDtls12);
        Assert.True(hello.IsAcceptable);
        Assert.True(hello.HasExtendedMasterSecret);
        Assert.True(hello.HasRenegotiationInfo);
    }

    [Fact]
    public void A_ClientHello_without_our_version_suite_or_group_is_understood_and_not_acceptable()
    {
        Assert.True(ClientHello.TryParse(WriteHello(versions: [0xFE, 0xFC]), out ClientHello hello));
        Assert.False(hello.HasDtls12);
        Assert.True(ClientHello.TryParse(WriteHello(groups: [0x11, 0xEC]), out hello));
        Assert.False(hello.IsAcceptable);
        Assert.True(ClientHello.TryParse(WriteHello(suites: [0x13, 0x01]), out hello));
        Assert.False(hello.IsAcceptable);
    }

    [Fact]
    public void A_first_handshake_that_renegotiates_is_malformed() =>
        Assert.False(ClientHello.TryParse(WriteHello(renegotiation: [1, 7]), out _));

    [Fact]
    public void Truncated_and_damaged_hellos_never_throw()
    {
        byte[] hello = WriteHello();
        var random = new Random(1);
        for (int length = 0; length < hello.Length; length++)
        {
            _ = ClientHello.TryParse(hello.AsSpan(0, length), out _);
            byte[] damaged = [.. hello];
            damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            _ = ClientHello.TryParse(damaged, out _);
            _ = ServerHello.TryParse(damaged, out _);
        }
    }

    [Fact]
    public void Messages_in_overlapping_fragments_in_any_order_come_out_whole_and_in_order()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            byte[][] bodies = [.. Enumerable.Range(0, 5).Select(i => new byte[i == 2 ? 0 : random.Next(1, 3000)])];
            Array.ForEach(bodies, random.NextBytes);
            var fragments = new List<(HandshakeHeader Header, byte[] Bytes)>();
            for (int i = 0; i < bodies.Length; i++)
            {
                int step = random.Next(1, 400);
                for (int at = 0; at == 0 || at < bodies[i].Length; at += step)
                {
                    int length = Math.Min(bodies[i].Length - at, random.Next(step, 2 * step));
                    fragments.Add((new HandshakeHeader(HandshakeType.Certificate, bodies[i].Length, (ushort)i, at, length), bodies[i].AsSpan(at, length).ToArray()));
                }
            }

            var reassembler = new HandshakeReassembler();
            var received = new List<byte[]>();
            foreach ((HandshakeHeader header, byte[] bytes) in fragments.Concat(fragments).OrderBy(_ => random.Next()))
            {
                reassembler.Add(header, bytes, isProtected: false);
                while (reassembler.TryTake(out _, out byte[] message, out _))
                {
                    received.Add(message[HandshakeHeader.EncodedLength..]);
                }
            }

            Assert.Equal(bodies, received);
        }
    }

    [Fact]
    public void A_message_that_claims_16_MiB_is_not_kept()
    {
        var reassembler = new HandshakeReassembler();
        Assert.False(reassembler.Add(new HandshakeHeader(HandshakeType.Certificate, (1 << 24) - 1, 0, 0, 4), new byte[4], false));
        reassembler.Add(new HandshakeHeader(HandshakeType.Certificate, 4, 0, 0, 4), new byte[4], false);
        Assert.True(reassembler.TryTake(out _, out _, out _));
    }

    [Theory]
    [InlineData(DtlsFingerprint.Sha384)]
    [InlineData(DtlsFingerprint.Sha512)]
    public void Longer_fingerprints_are_verified(string algorithm)
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, DtlsRole.Client, DtlsFingerprint.Compute(algorithm, DtlsPeer.CertificateZ.Der.Span));
        var Z = new DtlsPeer(network, false, DtlsRole.Server, DtlsFingerprint.Compute(algorithm, DtlsPeer.CertificateA.Der.Span));
        DtlsPeer.Connect(network, A, Z);
    }

    // As a browser writes it in 2026: GREASE, a post-quantum group, DSA, TLS 1.3 suites beside ours.
    private static byte[] WriteHello(byte[]? versions = null, byte[]? groups = null, byte[]? suites = null, byte[]? renegotiation = null)
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(DtlsVersion.Dtls12);
        writer.WriteBytes(new byte[ClientHello.RandomLength]);
        writer.WriteVector(1, []);
        writer.WriteVector(1, []);
        writer.WriteVector(2, suites ?? [0x0A, 0x0A, 0x13, 0x01, 0xC0, 0x2B, 0x00, 0xFF]);
        writer.WriteVector(1, [0]);
        int extensions = writer.BeginVector(2);
        HelloExtensions.Write(writer, 0x1A1A, [0]);
        HelloExtensions.Write(writer, ExtensionType.RenegotiationInfo, renegotiation ?? [0]);
        HelloExtensions.Write(writer, ExtensionType.ExtendedMasterSecret, []);
        WriteList(writer, ExtensionType.SupportedGroups, 2, groups ?? [0x2A, 0x2A, 0x11, 0xEC, 0x00, 0x17]);
        WriteList(writer, ExtensionType.SignatureAlgorithms, 2, [0x02, 0x02, 0x04, 0x02, 0x04, 0x03]);
        WriteList(writer, ExtensionType.SupportedVersions, 1, versions ?? [0x3A, 0x3A, 0xFE, 0xFC, 0xFE, 0xFD]);
        HelloExtensions.Write(writer, 0x0033, new byte[1200]);
        writer.EndVector(2, extensions);
        return writer.Written.ToArray();
    }

    private static void WriteList(TlsWriter writer, ushort type, int prefixLength, byte[] list)
    {
        var value = new TlsWriter();
        value.WriteVector(prefixLength, list);
        HelloExtensions.Write(writer, type, value.Written);
    }
}
