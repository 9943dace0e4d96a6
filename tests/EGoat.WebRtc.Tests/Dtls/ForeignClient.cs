using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A client as others write it, or as nobody should: any certificate or none, any ClientHello, any message changed.</summary>
internal sealed class ForeignClient(ForeignIdentity? identity, int seed = 1)
    : Handshake(DtlsPeer.CertificateA, new SeededEntropy(seed), [DtlsPeer.CertificateZ.Fingerprint])
{
    private byte[] _serverPoint = [];

    /// <summary>Writes the body of the ClientHello, given the random.</summary>
    public Func<byte[], byte[]> Hello { get; init; } = random =>
    {
        var writer = new TlsWriter();
        ClientHello.Write(writer, random, []);
        return writer.Written.ToArray();
    };

    /// <summary>Changes the body of a message, or leaves the message out by returning null.</summary>
    public Func<HandshakeType, byte[], byte[]?> Alter { get; init; } = (_, body) => body;

    /// <summary>The epoch that Finished comes in.</summary>
    public ushort FinishedEpoch { get; init; } = 1;

    public override void Start()
    {
        ClientRandom = CreateRandom();
        Flight.Clear();
        SendAltered(HandshakeType.ClientHello, Hello(ClientRandom));
    }

    public override HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected)
    {
        switch (type)
        {
            case HandshakeType.ServerHello:
                Assert.True(ServerHello.TryParse(BodyOf(message), out ServerHello hello));
                ServerRandom = hello.Random;
                HasExtendedMasterSecret = hello.HasExtendedMasterSecret;
                break;
            case HandshakeType.Certificate:
                return HandleCertificate(message);
            case HandshakeType.ServerKeyExchange:
                _serverPoint = BodyOf(message).Slice(4, message[HandshakeHeader.EncodedLength + 3]).ToArray();
                break;
            case HandshakeType.ServerHelloDone:
                Remember(message);
                SendSecondFlight();
                return null;
            case HandshakeType.Finished:
                HandshakeError? error = HandleFinished(message, ofClient: false, isProtected);
                Flight.Clear();
                Complete();
                return error;
            default:
                break;
        }

        Remember(message);
        return null;
    }

    private void SendSecondFlight()
    {
        Flight.Clear();
        var certificate = new TlsWriter();
        int list = certificate.BeginVector(3);
        if (identity is not null)
        {
            certificate.WriteVector(3, identity.Der);
        }

        certificate.EndVector(3, list);
        SendAltered(HandshakeType.Certificate, certificate.Written.ToArray());
        byte[] point = CreateEphemeralPoint(EllipticCurve.FromGroup(EllipticCurve.Secp256r1)!.Value);
        Assert.True(TryAgree(_serverPoint, out byte[] premasterSecret));
        SendAltered(HandshakeType.ClientKeyExchange, [(byte)point.Length, .. point]);
        DeriveKeys(premasterSecret, isClient: true);
        if (identity is not null)
        {
            byte[] signature = identity.Sign(Transcript);
            SendAltered(HandshakeType.CertificateVerify, [(byte)(identity.Scheme >> 8), (byte)identity.Scheme, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature]);
        }

        byte[] verifyData = KeySchedule.ComputeVerifyData(MasterSecret, true, Transcript);
        Flight.Add(ContentType.ChangeCipherSpec, 0, [1]);
        SendAltered(HandshakeType.Finished, verifyData, FinishedEpoch);
    }

    private void SendAltered(HandshakeType type, byte[] body, ushort epoch = 0)
    {
        if (Alter(type, body) is { } altered)
        {
            Send(type, writer => writer.WriteBytes(altered), epoch);
        }
    }
}
