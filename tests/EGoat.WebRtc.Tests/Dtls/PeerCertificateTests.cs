using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Whose certificates are accepted, and what a peer must prove with them.</summary>
public sealed class PeerCertificateTests
{
    private const ushort DsaSha256 = 0x0402;

    private static readonly ushort[] Schemes = [
        SignatureScheme.EcdsaP256Sha256, SignatureScheme.EcdsaP384Sha384, SignatureScheme.RsaPssSha256,
        SignatureScheme.RsaPkcs1Sha256, SignatureScheme.RsaPkcs1Sha384, SignatureScheme.RsaPkcs1Sha512, DsaSha256];

    [Theory]
    [InlineData(SignatureScheme.EcdsaP256Sha256)]
    [InlineData(SignatureScheme.EcdsaP384Sha384)]
    [InlineData(SignatureScheme.RsaPssSha256)]
    [InlineData(SignatureScheme.RsaPkcs1Sha256)]
    [InlineData(SignatureScheme.RsaPkcs1Sha384)]
    [InlineData(SignatureScheme.RsaPkcs1Sha512)]
    public void A_peer_with_a_key_of_each_kind_connects_in_either_role(int scheme)
    {
        ForeignIdentity identity = IdentityFor((ushort)scheme);
        var network = new SimulatedNetwork(1);
        DtlsPeer.Connect(
            network,
            new DtlsPeer(network, true, new ForeignClient(identity)),
            new DtlsPeer(network, false, DtlsRole.Server, identity.Fingerprint));
        network = new SimulatedNetwork(1);
        DtlsPeer.Connect(
            network,
            new DtlsPeer(network, true, DtlsRole.Client, identity.Fingerprint),
            new DtlsPeer(network, false, new ForeignServer(identity)));
    }

    [Fact]
    public void A_server_may_use_an_ephemeral_key_on_P384()
    {
        var network = new SimulatedNetwork(1);
        DtlsPeer.Connect(
            network,
            new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P384.Fingerprint),
            new DtlsPeer(network, false, new ForeignServer(ForeignIdentity.P384) { Group = EllipticCurve.Secp384r1 }));
    }

    [Fact]
    public void A_key_on_P521_is_refused_in_either_role()
    {
        const string reason = "The key of the peer's certificate is neither on P-256 or P-384 nor RSA.";
        Assert.Equal(reason, FailureOfServer(new ForeignClient(ForeignIdentity.P521), ForeignIdentity.P521.Fingerprint));
        Assert.Equal(reason, FailureOfClient(new ForeignServer(ForeignIdentity.P521), ForeignIdentity.P521.Fingerprint));
    }

    [Fact]
    public void A_client_without_a_certificate_is_refused() =>
        Assert.Equal("The peer has no certificate.", FailureOfServer(new ForeignClient(null), ForeignIdentity.P256.Fingerprint));

    [Fact]
    public void A_client_that_leaves_its_Certificate_out_is_refused()
    {
        var client = new ForeignClient(ForeignIdentity.P256) { Alter = (type, body) => type == HandshakeType.Certificate ? null : body };
        Assert.Equal("The peer sent ClientKeyExchange out of turn.", FailureOfServer(client, ForeignIdentity.P256.Fingerprint));
    }

    [Fact]
    public void A_client_that_leaves_its_CertificateVerify_out_is_refused()
    {
        var client = new ForeignClient(ForeignIdentity.P256) { Alter = (type, body) => type == HandshakeType.CertificateVerify ? null : body };
        Assert.Equal("The peer sent Finished out of turn.", FailureOfServer(client, ForeignIdentity.P256.Fingerprint));
    }

    [Fact]
    public void A_certificate_that_no_supported_fingerprint_vouches_for_is_not_verified()
    {
        Assert.False(DtlsFingerprint.Verify([], DtlsPeer.CertificateA.Der.Span));
        Assert.False(DtlsFingerprint.Verify([new DtlsFingerprint("md5", new byte[16])], DtlsPeer.CertificateA.Der.Span));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_does_not_hold_the_key_of_its_certificate_is_refused(bool isClient)
    {
        HandshakeType signed = isClient ? HandshakeType.CertificateVerify : HandshakeType.ServerKeyExchange;
        byte[] Alter(HandshakeType type, byte[] body)
        {
            body[^1] ^= type == signed ? (byte)1 : (byte)0;
            return body;
        }

        ForeignIdentity identity = ForeignIdentity.P256;
        string reason = isClient
            ? FailureOfServer(new ForeignClient(identity) { Alter = Alter }, identity.Fingerprint)
            : FailureOfClient(new ForeignServer(identity) { Alter = (type, body) => body.Length == 0 ? body : Alter(type, body) }, identity.Fingerprint);
        Assert.Equal("The peer does not hold the key of its certificate.", reason);
    }

    [Fact]
    public void A_signature_with_DSA_is_refused()
    {
        var server = new ForeignServer(ForeignIdentity.P256)
        {
            Alter = (type, body) =>
            {
                if (type == HandshakeType.ServerKeyExchange)
                {
                    body[4 + body[3] + 1] = 0x02; // 0x0403 becomes 0x0402
                }

                return body;
            },
        };
        Assert.Equal("The peer does not hold the key of its certificate.", FailureOfClient(server, ForeignIdentity.P256.Fingerprint));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wrong_Finished_is_refused(bool isClient)
    {
        static byte[] Alter(HandshakeType type, byte[] body)
        {
            body[0] ^= type == HandshakeType.Finished ? (byte)1 : (byte)0;
            return body;
        }

        ForeignIdentity identity = ForeignIdentity.P256;
        string reason = isClient
            ? FailureOfServer(new ForeignClient(identity) { Alter = Alter }, identity.Fingerprint)
            : FailureOfClient(new ForeignServer(identity) { Alter = (type, body) => body.Length == 0 ? body : Alter(type, body) }, identity.Fingerprint);
        Assert.Equal("The peer's Finished is wrong: somebody has changed the handshake.", reason);
    }

    [Theory]
    [InlineData("on no curve")]
    [InlineData("at infinity")]
    [InlineData("compressed")]
    [InlineData("hybrid")]
    [InlineData("too short")]
    public void An_ephemeral_key_that_is_no_uncompressed_point_of_the_curve_is_refused(string kind)
    {
        var client = new ForeignClient(ForeignIdentity.P256)
        {
            Alter = (type, body) => type != HandshakeType.ClientKeyExchange ? body : kind switch
            {
                "on no curve" => [.. body[..^1], (byte)(body[^1] ^ 1)],
                "at infinity" => [1, 0],
                "compressed" => [33, 2, .. body[2..34]],
                "hybrid" => [body[0], 6, .. body[2..]],
                _ => [64, .. body[1..^1]],
            },
        };
        Assert.Equal("The peer's ephemeral key is not on the curve.", FailureOfServer(client, ForeignIdentity.P256.Fingerprint));
    }

    [Fact]
    public void A_server_that_takes_no_ECDSA_certificates_is_refused_with_a_reason()
    {
        var server = new ForeignServer(ForeignIdentity.P256)
        {
            Alter = (type, body) => type == HandshakeType.CertificateRequest ? [1, 1, 0, 2, 0x04, 0x01, 0, 0] : body,
        };
        Assert.Equal("The peer does not accept certificates with ECDSA and SHA-256.", FailureOfClient(server, ForeignIdentity.P256.Fingerprint));
    }

    [Fact]
    public void A_malformed_CertificateRequest_is_refused()
    {
        var server = new ForeignServer(ForeignIdentity.P256) { Alter = (type, body) => type == HandshakeType.CertificateRequest ? body[..^1] : body };
        Assert.Equal("The peer's CertificateRequest is malformed.", FailureOfClient(server, ForeignIdentity.P256.Fingerprint));
    }

    [Theory]
    [InlineData(8192, true)]
    [InlineData(8200, false)]
    [InlineData(16384, false)]
    public void RSA_keys_have_at_most_8192_bits(int bits, bool isAccepted)
    {
        byte[] modulus = new byte[bits / 8];
        new Random(bits).NextBytes(modulus);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] });
        byte[] certificate = ForeignIdentity.CreateCertificateFor(new PublicKey(key));
        HandshakeError? error = PeerKey.Load(certificate, out PeerKey? loaded);
        Assert.Equal(isAccepted, error is null);
        Assert.Equal(isAccepted, loaded is not null);
        Assert.False(loaded?.Verify(SignatureScheme.RsaPssSha256, [1, 2, 3], new byte[modulus.Length]) ?? false);
        if (!isAccepted)
        {
            Assert.Equal(new HandshakeError(AlertDescription.UnsupportedCertificate, "The RSA key of the peer's certificate has more than 8192 bits."), error);
        }

        loaded?.Dispose();
    }

    [Fact]
    public void A_curve_that_the_certificate_describes_itself_is_refused()
    {
        using ECDsa named = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa key = ECDsa.Create(named.ExportExplicitParameters(includePrivateParameters: true));
        byte[] certificate = ForeignIdentity.CreateCertificateFor(PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _));
        Assert.Equal(AlertDescription.UnsupportedCertificate, PeerKey.Load(certificate, out PeerKey? loaded)?.Alert);
        Assert.Null(loaded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("3000")]
    [InlineData("30820400")]
    public void What_is_no_certificate_cannot_be_read(string hex)
    {
        Assert.Equal(AlertDescription.BadCertificate, PeerKey.Load(Convert.FromHexString(hex), out PeerKey? key)?.Alert);
        Assert.Null(key);
    }

    [Fact]
    public void Damaged_certificates_and_signatures_never_throw()
    {
        ForeignIdentity[] identities = [ForeignIdentity.P256, ForeignIdentity.P384, IdentityFor(SignatureScheme.RsaPssSha256), IdentityFor(SignatureScheme.RsaPkcs1Sha512)];
        int loaded = 0;
        for (int seed = 0; seed < 1000; seed++)
        {
            var random = new Random(seed);
            ForeignIdentity identity = identities[seed % identities.Length];
            byte[] certificate = [.. identity.Der];
            for (int i = random.Next(3); i > 0; i--)
            {
                certificate[random.Next(certificate.Length)] = (byte)random.Next(256);
            }

            if (PeerKey.Load(certificate, out PeerKey? key) is null)
            {
                loaded++;
                byte[] signature = identity.Sign("data"u8);
                byte[] damaged = random.Next(4) switch
                {
                    0 => signature[..random.Next(signature.Length)],
                    1 => [.. signature, 0],
                    2 => new byte[random.Next(300)],
                    _ => [(byte)(signature[0] ^ (1 << random.Next(8))), .. signature[1..]],
                };
                Assert.All(Schemes, scheme => Assert.False(key!.Verify(scheme, "data"u8, damaged), $"seed {seed}"));
                Assert.False(key!.Verify(DsaSha256, "data"u8, signature));
                key.Dispose();
            }
        }

        Assert.InRange(loaded, 300, 999);
    }

    private static ForeignIdentity IdentityFor(ushort scheme) => scheme switch
    {
        SignatureScheme.EcdsaP256Sha256 => ForeignIdentity.P256,
        SignatureScheme.EcdsaP384Sha384 => ForeignIdentity.P384,
        _ => ForeignIdentity.CreateRsa(scheme),
    };

    private static string FailureOfServer(ForeignClient client, DtlsFingerprint fingerprint)
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, client);
        var Z = new DtlsPeer(network, false, DtlsRole.Server, fingerprint);
        return FailureOf(network, Z, A);
    }

    private static string FailureOfClient(ForeignServer server, DtlsFingerprint fingerprint)
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, DtlsRole.Client, fingerprint);
        var Z = new DtlsPeer(network, false, server);
        return FailureOf(network, A, Z);
    }

    // Why the engine gives up; the other side learns of it by an alert.
    private static string FailureOf(SimulatedNetwork network, DtlsPeer engine, DtlsPeer foreign)
    {
        engine.Connection.Start(network.Now);
        foreign.Connection.Start(network.Now);
        Assert.True(network.Run(() => engine.Connection.State == DtlsState.Failed && foreign.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(5)), network.Describe());
        Assert.Contains("alert", foreign.Events[^1].Reason, StringComparison.Ordinal);
        return Assert.Single(engine.Events).Reason!;
    }
}
