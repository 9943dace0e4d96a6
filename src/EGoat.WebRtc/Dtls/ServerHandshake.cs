using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>The server's side of the handshake, in protocol order.</summary>
/// <remarks>No HelloVerifyRequest: connectivity checks have proved that the client receives at its address (RFC 8445).</remarks>
internal sealed class ServerHandshake(DtlsCertificate certificate, IEntropySource entropy, DtlsFingerprint[] remoteFingerprints)
    : Handshake(certificate, entropy, remoteFingerprints)
{
    private HandshakeType _expected = HandshakeType.ClientHello;

    public override void Start()
    {
    }

    public override HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected) => type == _expected ? type switch
    {
        HandshakeType.ClientHello => HandleClientHello(message),
        HandshakeType.Certificate => Then(HandshakeType.ClientKeyExchange, HandleCertificate(message)),
        HandshakeType.ClientKeyExchange => Then(HandshakeType.CertificateVerify, HandleClientKeyExchange(message)),
        HandshakeType.CertificateVerify => Then(HandshakeType.Finished, HandleCertificateVerify(message)),
        _ => HandleClientFinished(message, isProtected),
    }
    : Unexpected(type);

    private HandshakeError? Then(HandshakeType next, HandshakeError? error)
    {
        _expected = next;
        return error;
    }

    private HandshakeError? HandleClientHello(byte[] message)
    {
        if (!ClientHello.TryParse(BodyOf(message), out ClientHello hello))
        {
            return Malformed(HandshakeType.ClientHello);
        }

        if (!hello.HasDtls12)
        {
            return new HandshakeError(AlertDescription.ProtocolVersion, "The peer does not speak DTLS 1.2.");
        }

        if (!hello.IsAcceptable)
        {
            return new HandshakeError(AlertDescription.HandshakeFailure, "The peer does not offer ECDHE_ECDSA with AES_128_GCM_SHA256 on P-256.");
        }

        Remember(message);
        ClientRandom = hello.Random;
        ServerRandom = CreateRandom();
        Suite = CipherSuite.EcdheEcdsaAes128GcmSha256;
        HasExtendedMasterSecret = hello.HasExtendedMasterSecret;
        Flight.Clear();
        Send(HandshakeType.ServerHello, writer => ServerHello.Write(writer, ServerRandom, hello));
        SendCertificate();
        Send(HandshakeType.ServerKeyExchange, WriteServerKeyExchange);
        Send(HandshakeType.CertificateRequest, writer =>
        {
            writer.WriteVector(1, [EcdsaSign, RsaSign]);
            writer.WriteVector(2, SignatureScheme.SupportedList);
            writer.WriteVector(2, []);
        });
        Send(HandshakeType.ServerHelloDone, _ => { });
        _expected = HandshakeType.Certificate;
        return null;
    }

    // RFC 8422 section 5.4: curve and point, signed together with both randoms.
    private void WriteServerKeyExchange(TlsWriter writer)
    {
        byte[] point = CreateEphemeralPoint(ECCurve.NamedCurves.nistP256);
        byte[] parameters = [EllipticCurve.NamedCurve, 0, (byte)EllipticCurve.Secp256r1, (byte)point.Length, .. point];
        writer.WriteBytes(parameters);
        writer.WriteUInt16(SignatureScheme.EcdsaP256Sha256);
        writer.WriteVector(2, Sign([.. ClientRandom, .. ServerRandom, .. parameters]));
    }

    private HandshakeError? HandleClientKeyExchange(byte[] message)
    {
        var reader = new TlsReader(BodyOf(message));
        if (!reader.TryReadVector8(out ReadOnlySpan<byte> point) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.ClientKeyExchange);
        }

        if (!TryAgree(point, out byte[] premasterSecret))
        {
            return new HandshakeError(AlertDescription.IllegalParameter, "The peer's ephemeral key is not on the curve.");
        }

        Remember(message);
        DeriveKeys(premasterSecret, isClient: false);
        return null;
    }

    // RFC 5246 section 7.4.8: a signature over everything before it.
    private HandshakeError? HandleCertificateVerify(byte[] message)
    {
        var reader = new TlsReader(BodyOf(message));
        if (!reader.TryReadUInt16(out ushort scheme) || !reader.TryReadVector16(out ReadOnlySpan<byte> signature) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.CertificateVerify);
        }

        if (!VerifySignature(scheme, Transcript, signature))
        {
            return new HandshakeError(AlertDescription.DecryptError, "The peer does not hold the key of its certificate.");
        }

        Remember(message);
        return null;
    }

    private HandshakeError? HandleClientFinished(byte[] message, bool isProtected)
    {
        if (HandleFinished(message, ofClient: true, isProtected) is { } error)
        {
            return error;
        }

        Flight.Clear();
        SendFinished(asClient: false);
        Complete();
        return null;
    }
}
