using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>ClientHello messages as browsers write them, early ones, and cookies.</summary>
public sealed class ClientHelloTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(1200)]
    [InlineData(1400)]
    public void A_ClientHello_of_1700_bytes_with_GREASE_and_a_post_quantum_group_connects_over_several_datagrams(int maxDatagramSize)
    {
        for (int seed = 0; seed < 5; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Reordering = 0.5, Duplication = 0.2 });
            var A = new DtlsPeer(network, true, new ForeignClient(ForeignIdentity.P256) { Hello = WriteBrowserHello }, maxDatagramSize);
            var Z = new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint);
            A.Connection.Start(network.Now);
            network.Run(TimeSpan.FromMilliseconds(50));
            Assert.True(network.Count.Sent >= 2, network.Describe());
            DtlsPeer.Connect(network, A, Z);
        }
    }

    /// <summary>RFC 5764 section 4.1.1: one profile of those offered, or no answer.</summary>
    [Theory]
    [InlineData("000e0007000400010007" + "00", "000e0005000200010" + "0")]
    [InlineData("000e0007000400080007" + "00", "000e0005000200070" + "0")]
    [InlineData("000e0005000200090" + "0", null)]
    [InlineData("000e0002ffff", null)]
    [InlineData("", null)]
    public void An_offer_of_SRTP_is_answered_with_one_profile(string extension, string? answer)
    {
        byte[] offered = Convert.FromHexString(extension);
        byte[] body = [0xFE, 0xFD, .. new byte[32], 0, 0, 0, 2, 0xC0, 0x2B, 1, 0, 0, (byte)offered.Length, .. offered];
        Assert.True(ClientHello.TryParse(body, out ClientHello hello));
        var writer = new TlsWriter();
        ServerHello.Write(writer, new byte[32], hello);
        string written = Convert.ToHexStringLower(writer.Written);
        Assert.Equal(answer is not null, written.Contains("000e000500020", StringComparison.Ordinal));
        Assert.Contains(answer ?? "", written, StringComparison.Ordinal);
        Assert.True(ServerHello.TryParse(Convert.FromHexString(written), out ServerHello parsed));
        Assert.False(parsed.HasUnknownExtension);
    }

    [Fact]
    public void The_1700_byte_ClientHello_has_1700_bytes() => Assert.Equal(1700, WriteBrowserHello(new byte[ClientHello.RandomLength]).Length);

    [Fact]
    public void A_ClientHello_in_several_datagrams_before_the_path_is_known_is_answered_in_the_very_moment_it_is()
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, new ForeignClient(ForeignIdentity.P256) { Hello = WriteBrowserHello }, 400);
        var Z = new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint);
        A.Connection.Start(network.Now);
        network.Run(TimeSpan.FromSeconds(2)); // it has come three times by now
        Assert.Null(Z.Connection.NextTimeout);
        Assert.False(Z.Connection.TryPollTransmit(network.Now, new byte[2000], out _));
        long before = network.Count.Sent;
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => network.Count.Sent > before, TimeSpan.Zero), network.Describe());
        Assert.True(network.Run(() => A.Connection.IsConnected && Z.Connection.IsConnected, TimeSpan.FromMilliseconds(5)), network.Describe());
    }

    [Fact]
    public void Only_the_last_of_several_clients_that_came_before_the_path_was_known_is_answered()
    {
        var network = new SimulatedNetwork(1);
        var Z = new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint);
        var gone = new DtlsConnection(new ForeignClient(ForeignIdentity.P256, seed: 5) { Hello = WriteBrowserHello }, DtlsOptions.Default);
        gone.Start(network.Now);
        byte[] datagram = new byte[2000];
        while (gone.TryPollTransmit(network.Now, datagram, out int length))
        {
            Z.HandleDatagram(network.Now, default, default, datagram.AsSpan(0, length));
        }

        var A = new DtlsPeer(network, true, new ForeignClient(ForeignIdentity.P256));
        A.Connection.Start(network.Now);
        network.Run(TimeSpan.FromMilliseconds(100));
        DtlsPeer.Connect(network, A, Z);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(255)]
    public void A_HelloVerifyRequest_is_answered_with_its_cookie_and_the_same_random(int cookieLength)
    {
        byte[] cookie = [.. Enumerable.Range(1, cookieLength).Select(i => (byte)i)];
        foreach (NetworkConditions conditions in new[] { NetworkConditions.Perfect, NetworkConditions.Terrible })
        {
            var network = new SimulatedNetwork(cookieLength, conditions);
            var server = new ForeignServer(ForeignIdentity.P256) { Cookie = cookie };
            DtlsPeer.Connect(
                network,
                new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint, 400),
                new DtlsPeer(network, false, server));
            Assert.Equal(2, server.Hellos.Count);

            // version, random, an empty session, then the cookie
            int before = 2 + ClientHello.RandomLength + 1;
            Assert.Equal(server.Hellos[0][..before], server.Hellos[1][..before]);
            Assert.Equal(0, server.Hellos[0][before]);
            Assert.Equal([(byte)cookieLength, .. cookie], server.Hellos[1][before..(before + 1 + cookieLength)]);
            Assert.Equal(server.Hellos[0][(before + 1)..], server.Hellos[1][(before + 1 + cookieLength)..]);
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void A_server_that_finds_a_cookie_too_old_may_ask_again_a_few_times(int requests, bool isPatient)
    {
        var network = new SimulatedNetwork(1);
        var server = new ForeignServer(ForeignIdentity.P256) { Cookie = [1, 2, 3], VerifyRequests = requests };
        var A = new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint);
        var Z = new DtlsPeer(network, false, server);
        if (isPatient)
        {
            DtlsPeer.Connect(network, A, Z);
            Assert.Equal(requests + 1, server.Hellos.Count);
            return;
        }

        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(1)));
        Assert.Equal("The peer sent HelloVerifyRequest out of turn.", Assert.Single(A.Events).Reason);
    }

    /// <summary>RFC 5764 section 4.1.1: one profile of those offered, without an MKI, or none.</summary>
    [Theory]
    [InlineData("0002000100", true)]
    [InlineData("0002000700", true)]
    [InlineData(null, true)]
    [InlineData("0002000200", false)]
    [InlineData("00040001000700", false)]
    [InlineData("000200010101", false)]
    [InlineData("0000", false)]
    [InlineData("", false)]
    public void An_answer_with_an_SRTP_profile_that_was_not_offered_is_refused(string? answer, bool isTaken)
    {
        byte[] WithSrtp(byte[] hello)
        {
            byte[] data = Convert.FromHexString(answer);
            byte[] extension = [0, (byte)ExtensionType.UseSrtp, 0, (byte)data.Length, .. data];
            int lengthAt = 2 + ClientHello.RandomLength + 1 + 2 + 1;
            return [.. hello[..lengthAt], 0, (byte)(hello[lengthAt + 1] + extension.Length), .. hello[(lengthAt + 2)..], .. extension];
        }

        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint);
        var Z = new DtlsPeer(network, false, new ForeignServer(ForeignIdentity.P256) { Alter = (type, body) => type == HandshakeType.ServerHello && answer is not null ? WithSrtp(body) : body });
        if (isTaken)
        {
            DtlsPeer.Connect(network, A, Z);
            return;
        }

        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed && Z.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(1)));
        Assert.Equal("The peer chose an SRTP profile that was not offered.", Assert.Single(A.Events).Reason);
        Assert.Contains("alert 47", Assert.Single(Z.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_malformed_HelloVerifyRequest_ends_the_handshake_with_a_reason()
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint);
        var server = new ForeignServer(ForeignIdentity.P256) { Cookie = [1], Alter = (type, body) => type == HandshakeType.HelloVerifyRequest ? [.. body, 0] : body };
        var Z = new DtlsPeer(network, false, server);
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(1)));
        Assert.Equal("The peer's HelloVerifyRequest is malformed.", Assert.Single(A.Events).Reason);
    }

    [Fact]
    public void A_client_that_offers_only_DSA_signatures_is_refused()
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, new ForeignClient(ForeignIdentity.P256) { Hello = random => WriteHello(random, [0x04, 0x02, 0x02, 0x02], 0) });
        var Z = new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint);
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed && Z.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(1)));
        Assert.Contains("alert 40", Assert.Single(A.Events).Reason, StringComparison.Ordinal);
    }

    // GREASE in suites, groups, extensions and versions; X25519MLKEM768 (0x11EC) with a share of 1,216 bytes; DSA among the
    // signatures; padding up to 1,700 bytes.
    private static byte[] WriteBrowserHello(byte[] random)
    {
        byte[] signatures = [0x02, 0x02, 0x04, 0x02, 0x08, 0x07, 0x04, 0x03, 0x08, 0x04];
        return WriteHello(random, signatures, 1700 - WriteHello(random, signatures, 0).Length);
    }

    private static byte[] WriteHello(byte[] random, byte[] signatures, int paddingLength)
    {
        var writer = new TlsWriter();
        writer.WriteUInt16(DtlsVersion.Dtls12);
        writer.WriteBytes(random);
        writer.WriteVector(1, []);
        writer.WriteVector(1, []);
        writer.WriteVector(2, [0x0A, 0x0A, 0x13, 0x01, 0x13, 0x02, 0xC0, 0x2B, 0xC0, 0x2F, 0x00, 0xFF]);
        writer.WriteVector(1, [0]);
        int extensions = writer.BeginVector(2);
        HelloExtensions.Write(writer, 0x1A1A, []);
        HelloExtensions.Write(writer, ExtensionType.ExtendedMasterSecret, []);
        HelloExtensions.Write(writer, ExtensionType.SupportedGroups, [0, 10, 0x2A, 0x2A, 0x11, 0xEC, 0, 29, 0, 23, 0, 24]);
        HelloExtensions.Write(writer, ExtensionType.SignatureAlgorithms, [0, (byte)signatures.Length, .. signatures]);
        HelloExtensions.Write(writer, ExtensionType.SupportedVersions, [6, 0x3A, 0x3A, 0xFE, 0xFC, 0xFE, 0xFD]);
        HelloExtensions.Write(writer, 51, [0x04, 0xC9, 0x2A, 0x2A, 0, 1, 0, 0x11, 0xEC, 0x04, 0xC0, .. new byte[1216]]);
        HelloExtensions.Write(writer, 21, new byte[paddingLength]);
        writer.EndVector(2, extensions);
        return writer.Written.ToArray();
    }
}
