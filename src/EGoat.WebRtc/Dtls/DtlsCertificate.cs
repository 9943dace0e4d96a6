using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// The certificate and private key with which this side authenticates itself in DTLS: self-signed, ECDSA on P-256 with
/// SHA-256 (RFC 8827 section 6.5). It says nothing about its owner; peers compare its fingerprint with the one that
/// signaling carried. One instance may serve any number of connections on any threads.
/// </summary>
public sealed class DtlsCertificate : IDisposable
{
    private const string SubjectName = "CN=WebRTC";

    /// <summary>"No well-defined expiration date" of RFC 5280 section 4.1.2.5: an identity that its owner keeps has no end.</summary>
    private static readonly DateTimeOffset NotAfter = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    /// <summary>A fixed date: the time of creation is nobody's business, and the engine has no clock.</summary>
    private static readonly DateTimeOffset NotBefore = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly byte[] _der;

    /// <summary>The private key as PKCS#8. Each signature imports it anew: key objects are not safe for concurrent use.</summary>
    private readonly byte[] _privateKey;

    private bool _isDisposed;

    private DtlsCertificate(byte[] der, byte[] privateKey)
    {
        _der = der;
        _privateKey = privateKey;
        Fingerprint = DtlsFingerprint.Compute(DtlsFingerprint.Sha256, der);
    }

    /// <summary>The sha-256 fingerprint, as it stands in our descriptions.</summary>
    public DtlsFingerprint Fingerprint { get; }

    /// <summary>The certificate in DER.</summary>
    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>Makes a certificate with a fresh P-256 key from the platform, valid without an end.</summary>
    public static DtlsCertificate Create()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Create(key);
    }

    /// <summary>Makes a self-signed certificate for <paramref name="key"/>, valid without an end.</summary>
    /// <param name="key">An exportable P-256 key. It is copied; the caller keeps it.</param>
    /// <exception cref="ArgumentException">The key is on another curve.</exception>
    /// <exception cref="CryptographicException">The key has no private part, or does not give it away.</exception>
    public static DtlsCertificate Create(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsP256(key))
        {
            throw new ArgumentException("A DTLS certificate needs a key on P-256.", nameof(key));
        }

        CertificateRequest request = new(SubjectName, key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(NotBefore, NotAfter);
        return new DtlsCertificate(certificate.RawData, key.ExportPkcs8PrivateKey());
    }

    /// <summary>Restores a certificate from what <see cref="Der"/> and <see cref="ExportPkcs8PrivateKey"/> gave.</summary>
    /// <param name="certificate">The certificate in DER.</param>
    /// <param name="pkcs8PrivateKey">Its private key, PKCS#8 unencrypted. It is copied.</param>
    /// <exception cref="CryptographicException">Either cannot be read, the key is not on P-256, or they do not belong together.</exception>
    public static DtlsCertificate Import(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> pkcs8PrivateKey)
    {
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8PrivateKey, out int bytesRead);
        using X509Certificate2 parsed = X509CertificateLoader.LoadCertificate(certificate);
        using ECDsa? publicKey = parsed.GetECDsaPublicKey();
        if (bytesRead != pkcs8PrivateKey.Length || publicKey is null || !IsP256(key) || !IsP256(publicKey)
            || !publicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            throw new CryptographicException("The private key does not belong to the certificate, or is not on P-256.");
        }

        return new DtlsCertificate(parsed.RawData, pkcs8PrivateKey.ToArray());
    }

    /// <summary>The private key, PKCS#8 unencrypted: a secret to store where only its owner can read, and to zero after use.</summary>
    /// <exception cref="ObjectDisposedException">The certificate was disposed of.</exception>
    public byte[] ExportPkcs8PrivateKey()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return (byte[])_privateKey.Clone();
    }

    /// <summary>Zeroes the private key. Connections that are past their handshake go on.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        CryptographicOperations.ZeroMemory(_privateKey);
    }

    /// <summary>Signs with ecdsa_secp256r1_sha256; the signature is a DER sequence as TLS wants it (RFC 8422 section 5.4).</summary>
    internal byte[] Sign(ReadOnlySpan<byte> data)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using ECDsa key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(_privateKey, out _);
        return key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool IsP256(ECDsa key)
    {
        ECCurve curve = key.ExportParameters(includePrivateParameters: false).Curve;
        return curve.IsNamed && (curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
            || curve.Oid.FriendlyName is "nistP256" or "ECDSA_P256");
    }
}
