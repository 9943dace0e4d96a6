using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A server as others write it, or as nobody should: any certificate, a cookie first, any message changed.</summary>
internal sealed class ForeignServer(ForeignIdentity identity, int seed = 2)
    : Handshake(DtlsPeer.CertificateZ, new SeededEntropy(seed), [DtlsPeer.CertificateA.Fingerprint])
{
    private int _hellos;

    /// <summary>The cookie of a HelloVerifyRequest; none is sent without it.</summary>
    public byte[]? Cookie { get; init; }

    /// <summary>How often it asks for a cookie.</summary>
    public int VerifyRequests { get; init; } = 1;

    /// <summary>The group of the ephemeral key.</summary>
    public ushort Group { get; init; } = EllipticCurve.Secp256r1;

    /// <summary>Changes the body of a message, or leaves the message out by returning null.</summary>
    public Func<HandshakeType, byte[], byte[]?> Alter { get; init; } = (_, body) => body;

    /// <summary>Whether it asks for a certificate twice.</summary>
    public bool AsksTwice { get; init; }

    /// <summary>The bodies of the ClientHello messages that came.</summary>
    public List<byte[]> Hellos { get; } = [];

    public override void Start()
    {
    }

    public override HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected)
    {
        switch (type)
        {
            case HandshakeType.ClientHello:
                Hellos.Add(BodyOf(message).ToArray());
                Flight.Clear();
                if (Cookie is not null && _hellos++ < VerifyRequests)
                {
                    SendAltered(HandshakeType.HelloVerifyRequest, [0xFE, 0xFF, (byte)Cookie.Length, .. Cookie]);
                    ForgetTranscript();
                    return null;
                }

                Remember(message);
                SendFirstFlight(BodyOf(message).Slice(2, ClientHello.RandomLength).ToArray());
                return null;
            case HandshakeType.Certificate:
                return HandleCertificate(message);
            case HandshakeType.ClientKeyExchange:
                Remember(message);
                Assert.True(TryAgree(BodyOf(message)[1..], out byte[] premasterSecret));
                DeriveKeys(premasterSecret, isClient: false);
                return null;
            case HandshakeType.CertificateVerify:
                Assert.True(VerifySignature(SignatureScheme.EcdsaP256Sha256, Transcript, BodyOf(message)[4..]));
                Remember(message);
                return null;
            default:
                HandshakeError? error = HandleFinished(message, ofClient: true, isProtected);
                Flight.Clear();
                Flight.Add(ContentType.ChangeCipherSpec, 0, [1]);
                SendAltered(HandshakeType.Finished, KeySchedule.ComputeVerifyData(MasterSecret, false, Transcript), epoch: 1);
                Complete();
                return error;
        }
    }

    private void SendFirstFlight(byte[] clientRandom)
    {
        ClientRandom = clientRandom;
        ServerRandom = CreateRandom();
        HasExtendedMasterSecret = true;
        SendAltered(HandshakeType.ServerHello, [0xFE, 0xFD, .. ServerRandom, 0, 0xC0, identity.IsRsa ? (byte)0x2F : (byte)0x2B, 0, 0, 4, 0, (byte)ExtensionType.ExtendedMasterSecret, 0, 0]);
        var certificate = new TlsWriter();
        int list = certificate.BeginVector(3);
        certificate.WriteVector(3, identity.Der);
        certificate.EndVector(3, list);
        SendAltered(HandshakeType.Certificate, certificate.Written.ToArray());
        byte[] point = CreateEphemeralPoint(EllipticCurve.FromGroup(Group)!.Value);
        byte[] parameters = [EllipticCurve.NamedCurve, 0, (byte)Group, (byte)point.Length, .. point];
        byte[] signature = identity.Sign([.. ClientRandom, .. ServerRandom, .. parameters]);
        SendAltered(HandshakeType.ServerKeyExchange, [.. parameters, (byte)(identity.Scheme >> 8), (byte)identity.Scheme, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature]);

        // As gnutls and openssl ask: rsa_sign, dss_sign, ecdsa_sign, and DSA among the algorithms.
        for (int i = 0; i < (AsksTwice ? 2 : 1); i++)
        {
            SendAltered(HandshakeType.CertificateRequest, [3, 1, 2, EcdsaSign, 0, 8, 0x02, 0x02, 0x04, 0x02, 0x08, 0x04, 0x04, 0x03, 0, 0]);
        }

        SendAltered(HandshakeType.ServerHelloDone, []);
    }

    private void SendAltered(HandshakeType type, byte[] body, ushort epoch = 0)
    {
        if (Alter(type, body) is { } altered)
        {
            Send(type, writer => writer.WriteBytes(altered), epoch);
        }
    }
}
