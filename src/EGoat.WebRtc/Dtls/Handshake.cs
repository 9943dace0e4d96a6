using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// What client and server share of a full handshake with ECDHE and certificates on both sides (RFC 5246 section 7.3):
/// transcript, flights, keys, proof of identity.
/// <code>
/// client                                               server
/// ClientHello                        -- flight 1 -->
///                                    &lt;-- flight 2 --   ServerHello, Certificate, ServerKeyExchange,
///                                                      CertificateRequest, ServerHelloDone
/// Certificate, ClientKeyExchange,
/// CertificateVerify, [CCS], Finished -- flight 3 -->
///                                    &lt;-- flight 4 --   [CCS], Finished
/// </code>
/// </summary>
/// <remarks>Knows nothing of records, loss or time: it is given whole messages in order, and fills a <see cref="Flight"/>.</remarks>
internal abstract class Handshake(DtlsCertificate certificate, IEntropySource entropy, DtlsFingerprint[] remoteFingerprints) : IDisposable
{
    /// <summary>ClientCertificateType ecdsa_sign (RFC 8422 section 5.5).</summary>
    protected const byte EcdsaSign = 64;

    /// <summary>ClientCertificateType rsa_sign.</summary>
    protected const byte RsaSign = 1;

    private readonly TlsWriter _transcript = new();
    private PeerKey? _remoteKey;
    private ECDiffieHellman? _ephemeralKey;
    private ushort _sendSequence;

    /// <summary>The flight to send now, and to repeat until it is answered.</summary>
    public Flight Flight { get; } = new();

    /// <summary>Makes the ciphers of epoch 1.</summary>
    public RecordCipherFactory CreateCipher { get; set; } = AesGcmRecordCipher.Create;

    /// <summary>The keys of epoch 1, as soon as they are known.</summary>
    public RecordProtection? Protection { get; private set; }

    /// <summary>The peer's certificate in DER, once its fingerprint was found right.</summary>
    public byte[]? RemoteCertificate { get; private set; }

    /// <summary>The cipher suite, once the server has chosen it.</summary>
    public ushort Suite { get; protected set; }

    /// <summary>The peer's Finished was verified.</summary>
    public bool IsComplete { get; private set; }

    protected byte[] ClientRandom { get; set; } = [];

    protected byte[] ServerRandom { get; set; } = [];

    protected bool HasExtendedMasterSecret { get; set; }

    protected ReadOnlySpan<byte> Transcript => _transcript.Written;

    protected byte[] MasterSecret { get; private set; } = [];

    /// <summary>The client sends its first flight; the server waits.</summary>
    public abstract void Start();

    /// <summary>Takes the next message of the peer. Returns why the handshake cannot go on, or null.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="message">Header and body.</param>
    /// <param name="isProtected">Whether it came in epoch 1.</param>
    public abstract HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected);

    /// <summary>Zeroes the secrets. The record protection belongs to the connection.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MasterSecret);
        _ephemeralKey?.Dispose();
        _ephemeralKey = null;
        _remoteKey?.Dispose();
    }

    protected static HandshakeError Unexpected(HandshakeType type) => new(AlertDescription.UnexpectedMessage, $"The peer sent {type} out of turn.");

    protected static HandshakeError Malformed(HandshakeType type) => new(AlertDescription.DecodeError, $"The peer's {type} is malformed.");

    protected static ReadOnlySpan<byte> BodyOf(byte[] message) => message.AsSpan(HandshakeHeader.EncodedLength);

    protected byte[] CreateRandom()
    {
        var random = new byte[ClientHello.RandomLength];
        entropy.Fill(random);
        return random;
    }

    /// <summary>Adds a message to the transcript. The peer's and our own count, in the order of the protocol.</summary>
    protected void Remember(byte[] message) => _transcript.WriteBytes(message);

    protected void ForgetTranscript() => _transcript.Clear();

    protected void Send(HandshakeType type, Action<TlsWriter> writeBody, ushort epoch = 0)
    {
        var body = new TlsWriter();
        writeBody(body);
        var message = new byte[HandshakeHeader.EncodedLength + body.Written.Length];
        new HandshakeHeader(type, body.Written.Length, _sendSequence++, 0, body.Written.Length).Write(message);
        body.Written.CopyTo(message.AsSpan(HandshakeHeader.EncodedLength));
        Remember(message);
        Flight.Add(ContentType.Handshake, epoch, message);
    }

    protected void SendCertificate() => Send(HandshakeType.Certificate, writer =>
    {
        int list = writer.BeginVector(3);
        writer.WriteVector(3, certificate.Der.Span);
        writer.EndVector(3, list);
    });

    protected byte[] Sign(ReadOnlySpan<byte> data) => certificate.Sign(data);

    /// <summary>ChangeCipherSpec and Finished: from here on this side sends in epoch 1.</summary>
    protected void SendFinished(bool asClient)
    {
        byte[] verifyData = KeySchedule.ComputeVerifyData(MasterSecret, asClient, Transcript);
        Flight.Add(ContentType.ChangeCipherSpec, 0, [1]);
        Send(HandshakeType.Finished, writer => writer.WriteBytes(verifyData), epoch: 1);
    }

    /// <summary>Both Finished messages are made and verified: nothing derives from the master secret any more.</summary>
    protected void Complete()
    {
        IsComplete = true;
        CryptographicOperations.ZeroMemory(MasterSecret);
    }

    protected HandshakeError? HandleFinished(byte[] message, bool ofClient, bool isProtected)
    {
        byte[] expected = KeySchedule.ComputeVerifyData(MasterSecret, ofClient, Transcript);
        if (!isProtected || !CryptographicOperations.FixedTimeEquals(expected, BodyOf(message)))
        {
            return new HandshakeError(AlertDescription.DecryptError, "The peer's Finished is wrong: somebody has changed the handshake.");
        }

        Remember(message);
        return null;
    }

    /// <summary>Checks the first certificate of a list against the fingerprints that signaling carried (RFC 8122 section 5).</summary>
    protected HandshakeError? HandleCertificate(byte[] message)
    {
        var reader = new TlsReader(BodyOf(message));
        if (!reader.TryReadVector24(out ReadOnlySpan<byte> list) || !reader.IsEmpty)
        {
            return Malformed(HandshakeType.Certificate);
        }

        var certificates = new TlsReader(list);
        if (certificates.IsEmpty)
        {
            return new HandshakeError(AlertDescription.HandshakeFailure, "The peer has no certificate.");
        }

        if (!certificates.TryReadVector24(out ReadOnlySpan<byte> der))
        {
            return Malformed(HandshakeType.Certificate);
        }

        if (!DtlsFingerprint.Verify(remoteFingerprints, der))
        {
            return new HandshakeError(AlertDescription.BadCertificate, "The peer's certificate does not have the fingerprint that signaling announced.");
        }

        if (PeerKey.Load(der, out _remoteKey) is { } error)
        {
            return error;
        }

        RemoteCertificate = der.ToArray();
        Remember(message);
        return null;
    }

    /// <summary>Whether the certificate's key has signed the data.</summary>
    protected bool VerifySignature(ushort scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        _remoteKey is not null && _remoteKey.Verify(scheme, data, signature);

    /// <summary>This side's ephemeral point, uncompressed (RFC 8422 section 5.4.1).</summary>
    protected byte[] CreateEphemeralPoint(ECCurve curve)
    {
        _ephemeralKey = entropy.CreateEphemeralKey(curve);
        ECParameters parameters = _ephemeralKey.ExportParameters(includePrivateParameters: false);
        return [4, .. parameters.Q.X!, .. parameters.Q.Y!];
    }

    /// <summary>Agrees with the peer's point on the premaster secret. False when it is not on the curve.</summary>
    protected bool TryAgree(ReadOnlySpan<byte> peerPoint, out byte[] premasterSecret)
    {
        premasterSecret = [];
        if (peerPoint.IsEmpty || peerPoint[0] != 4 || _ephemeralKey is null || peerPoint.Length != 1 + (2 * ((_ephemeralKey.KeySize + 7) / 8)))
        {
            return false;
        }

        int middle = 1 + (peerPoint.Length / 2);

        try
        {
            using ECDiffieHellman peer = ECDiffieHellman.Create(new ECParameters
            {
                Curve = _ephemeralKey.ExportParameters(includePrivateParameters: false).Curve,
                Q = new ECPoint { X = peerPoint[1..middle].ToArray(), Y = peerPoint[middle..].ToArray() },
            });
            premasterSecret = _ephemeralKey.DeriveRawSecretAgreement(peer.PublicKey);
        }
        catch (CryptographicException)
        {
            return false;
        }

        _ephemeralKey.Dispose();
        _ephemeralKey = null;
        return true;
    }

    /// <summary>Derives all keys; the transcript ends with ClientKeyExchange (RFC 7627 section 3).</summary>
    protected void DeriveKeys(byte[] premasterSecret, bool isClient)
    {
        MasterSecret = HasExtendedMasterSecret
            ? KeySchedule.DeriveExtendedMasterSecret(premasterSecret, SHA256.HashData(Transcript))
            : KeySchedule.DeriveMasterSecret(premasterSecret, ClientRandom, ServerRandom);
        Protection = KeySchedule.CreateProtection(MasterSecret, ClientRandom, ServerRandom, isClient, CreateCipher);
        CryptographicOperations.ZeroMemory(premasterSecret);
    }
}
