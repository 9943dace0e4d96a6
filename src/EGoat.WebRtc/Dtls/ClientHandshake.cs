using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>The client's side of the handshake, in protocol order.</summary>
internal sealed class ClientHandshake(DtlsCertificate certificate, IEntropySource entropy, DtlsFingerprint[] remoteFingerprints)
    : Handshake(certificate, entropy, remoteFingerprints)
{
    /// <summary>A server may find the cookie of an earlier one too old and ask again; one that goes on asking is refused.</summary>
    private const int MaxVerifyRequests = 4;

    private HandshakeType _expected = HandshakeType.ServerHello;
    private int _verifyRequests;
    private bool _isCertificateRequested;
    private byte[] _serverPoint = [];
    private ECCurve _serverCurve;

    public override void Start()
    {
        ClientRandom = CreateRandom();
        SendClientHello([]);
    }

    public override HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected)
    {
        // RFC 5246 section 7.4.4: the request for a certificate may be missing.
        if (type == HandshakeType.CertificateRequest && _expected == HandshakeType.ServerHelloDone && !_isCertificateRequested)
        {
            return HandleCertificateRequest(message);
        }

        if (type == HandshakeType.HelloVerifyRequest && _expected == HandshakeType.ServerHello && _verifyRequests++ < MaxVerifyRequests)
        {
            return HandleHelloVerifyRequest(message);
        }

        return type == _expected ? type switch
        {
            HandshakeType.ServerHello => Then(HandshakeType.Certificate, HandleServerHello(message)),
            HandshakeType.Certificate => Then(HandshakeType.ServerKeyExchange, HandleCertificate(message)),
            HandshakeType.ServerKeyExchange => Then(HandshakeType.ServerHelloDone, HandleServerKeyExchange(message)),
            HandshakeType.ServerHelloDone => Then(HandshakeType.Finished, HandleServerHelloDone(message)),
            _ => HandleServerFinished(message, isProtected),
        }
        : Unexpected(type);
    }

    private HandshakeError? Then(HandshakeType next, HandshakeError? error)
    {
        _expected = next;
        return error;
    }

    private void SendClientHello(byte[] cookie)
    {
        Flight.Clear();
        Send(HandshakeType.ClientHello, writer => ClientHello.Write(writer, ClientRandom, cookie));
    }

    // RFC 6347 section 4.2.1: neither the ClientHello without the right cookie nor this message counts in the transcript.
    private HandshakeError? HandleHelloVerifyRequest(byte[] message)
    {
        var reader = new TlsReader(BodyOf(message));
        if (!reader.TryReadUInt16(out _) || !reader.TryReadVector8(out ReadOnlySpan<byte> cookie) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.HelloVerifyRequest);
        }

        ForgetTranscript();
        SendClientHello(cookie.ToArray());
        return null;
    }

    private HandshakeError? HandleServerHello(byte[] message)
    {
        if (!ServerHello.TryParse(BodyOf(message), out ServerHello hello))
        {
            return Malformed(HandshakeType.ServerHello);
        }

        if (hello.Version != DtlsVersion.Dtls12)
        {
            return new HandshakeError(AlertDescription.ProtocolVersion, "The peer does not speak DTLS 1.2.");
        }

        if (hello.Suite is not (CipherSuite.EcdheEcdsaAes128GcmSha256 or CipherSuite.EcdheRsaAes128GcmSha256) || hello.Compression != 0)
        {
            return new HandshakeError(AlertDescription.IllegalParameter, "The peer chose a cipher suite that was not offered.");
        }

        if (hello.HasUnknownExtension)
        {
            return new HandshakeError(AlertDescription.UnsupportedExtension, "The peer answered with an extension that was not offered.");
        }

        if (hello.HasForeignSrtpProfile)
        {
            return new HandshakeError(AlertDescription.IllegalParameter, "The peer chose an SRTP profile that was not offered.");
        }

        Remember(message);
        ServerRandom = hello.Random;
        Suite = hello.Suite;
        HasExtendedMasterSecret = hello.HasExtendedMasterSecret;
        return null;
    }

    private HandshakeError? HandleServerKeyExchange(byte[] message)
    {
        ReadOnlySpan<byte> body = BodyOf(message);
        var reader = new TlsReader(body);
        if (!reader.TryReadUInt8(out byte curveType) || !reader.TryReadUInt16(out ushort curve) || !reader.TryReadVector8(out ReadOnlySpan<byte> point))
        {
            return Malformed(HandshakeType.ServerKeyExchange);
        }

        ReadOnlySpan<byte> parameters = body[..^reader.Rest.Length];
        if (!reader.TryReadUInt16(out ushort scheme) || !reader.TryReadVector16(out ReadOnlySpan<byte> signature) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.ServerKeyExchange);
        }

        if (curveType != EllipticCurve.NamedCurve || EllipticCurve.FromGroup(curve) is not { } serverCurve)
        {
            return new HandshakeError(AlertDescription.IllegalParameter, "The peer chose a group that was not offered.");
        }

        if (!VerifySignature(scheme, [.. ClientRandom, .. ServerRandom, .. parameters], signature))
        {
            return new HandshakeError(AlertDescription.DecryptError, "The peer does not hold the key of its certificate.");
        }

        _serverPoint = point.ToArray();
        _serverCurve = serverCurve;
        Remember(message);
        return null;
    }

    // RFC 5246 section 7.4.4. The names of authorities are none of ours: certificates here are self-signed.
    private HandshakeError? HandleCertificateRequest(byte[] message)
    {
        var reader = new TlsReader(BodyOf(message));
        if (!reader.TryReadVector8(out ReadOnlySpan<byte> types) || !reader.TryReadVector16(out ReadOnlySpan<byte> schemes) ||
            !reader.TryReadVector16(out _) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.CertificateRequest);
        }

        if (!types.Contains(EcdsaSign) || !TlsReader.ListContains(schemes, SignatureScheme.EcdsaP256Sha256))
        {
            return new HandshakeError(AlertDescription.HandshakeFailure, "The peer does not accept certificates with ECDSA and SHA-256.");
        }

        _isCertificateRequested = true;
        Remember(message);
        return null;
    }

    private HandshakeError? HandleServerHelloDone(byte[] message)
    {
        if (!BodyOf(message).IsEmpty)
        {
            return Malformed(HandshakeType.ServerHelloDone);
        }

        Remember(message);
        Flight.Clear();
        if (_isCertificateRequested)
        {
            SendCertificate();
        }

        byte[] point = CreateEphemeralPoint(_serverCurve);
        if (!TryAgree(_serverPoint, out byte[] premasterSecret))
        {
            return new HandshakeError(AlertDescription.IllegalParameter, "The peer's ephemeral key is not on the curve.");
        }

        Send(HandshakeType.ClientKeyExchange, writer => writer.WriteVector(1, point));
        DeriveKeys(premasterSecret, isClient: true);
        if (_isCertificateRequested)
        {
            byte[] signature = Sign(Transcript);
            Send(HandshakeType.CertificateVerify, writer =>
            {
                writer.WriteUInt16(SignatureScheme.EcdsaP256Sha256);
                writer.WriteVector(2, signature);
            });
        }

        SendFinished(asClient: true);
        return null;
    }

    private HandshakeError? HandleServerFinished(byte[] message, bool isProtected)
    {
        if (HandleFinished(message, ofClient: false, isProtected) is { } error)
        {
            return error;
        }

        Flight.Clear(); // the server's was the last flight: should it come again, nothing is left to answer it
        Complete();
        return null;
    }
}
