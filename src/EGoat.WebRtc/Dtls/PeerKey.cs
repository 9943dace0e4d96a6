using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.WebRtc.Dtls;

/// <summary>The public key of the peer's certificate: ECDSA on P-256 or P-384, or RSA.</summary>
/// <remarks>It knows nothing of fingerprints: that the certificate is the peer's is for the handshake to check.</remarks>
internal sealed class PeerKey : IDisposable
{
    /// <summary>Longer RSA keys are refused: the work of a verification grows with the square, and peers choose the key.</summary>
    public const int MaxRsaKeyBits = 8192;

    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    private PeerKey(ECDsa? ecdsa, RSA? rsa)
    {
        _ecdsa = ecdsa;
        _rsa = rsa;
    }

    /// <summary>ECParameters namedCurve of secp256r1, 1.2.840.10045.3.1.7 (RFC 5480 section 2.1.1).</summary>
    private static ReadOnlySpan<byte> P256 => [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    /// <summary>ECParameters namedCurve of secp384r1, 1.3.132.0.34.</summary>
    private static ReadOnlySpan<byte> P384 => [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];

    /// <summary>Reads the key of a certificate. Returns why it cannot be used, or null.</summary>
    public static HandshakeError? Load(ReadOnlySpan<byte> certificate, out PeerKey? key)
    {
        key = null;
        try
        {
            using X509Certificate2 parsed = X509CertificateLoader.LoadCertificate(certificate);

            // A curve that the certificate itself describes is not handed to the platform.
            ReadOnlySpan<byte> parameters = parsed.PublicKey.EncodedParameters?.RawData;
            ECDsa? ecdsa = parameters.SequenceEqual(P256) || parameters.SequenceEqual(P384) ? parsed.GetECDsaPublicKey() : null;
            RSA? rsa = ecdsa is null ? parsed.GetRSAPublicKey() : null;
            if (ecdsa is null && rsa is null)
            {
                return new HandshakeError(AlertDescription.UnsupportedCertificate, "The key of the peer's certificate is neither on P-256 or P-384 nor RSA.");
            }

            if (rsa?.KeySize > MaxRsaKeyBits)
            {
                rsa.Dispose();
                return new HandshakeError(AlertDescription.UnsupportedCertificate, $"The RSA key of the peer's certificate has more than {MaxRsaKeyBits} bits.");
            }

            key = new PeerKey(ecdsa, rsa);
            return null;
        }
        catch (CryptographicException)
        {
            return new HandshakeError(AlertDescription.BadCertificate, "The peer's certificate cannot be read.");
        }
    }

    /// <summary>Whether this key made <paramref name="signature"/> over <paramref name="data"/>. False for schemes that are not supported, or not for this kind of key.</summary>
    public bool Verify(ushort scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => scheme switch
    {
        // RFC 8422 section 5.1.3: in TLS 1.2 the code point binds the hash, not the curve.
        SignatureScheme.EcdsaP256Sha256 => VerifyEcdsa(HashAlgorithmName.SHA256, data, signature),
        SignatureScheme.EcdsaP384Sha384 => VerifyEcdsa(HashAlgorithmName.SHA384, data, signature),
        SignatureScheme.RsaPssSha256 => VerifyRsa(HashAlgorithmName.SHA256, RSASignaturePadding.Pss, data, signature),
        SignatureScheme.RsaPkcs1Sha256 => VerifyRsa(HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, data, signature),
        SignatureScheme.RsaPkcs1Sha384 => VerifyRsa(HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, data, signature),
        SignatureScheme.RsaPkcs1Sha512 => VerifyRsa(HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, data, signature),
        _ => false,
    };

    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
    }

    private bool VerifyEcdsa(HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        _ecdsa is not null && _ecdsa.VerifyData(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);

    private bool VerifyRsa(HashAlgorithmName hash, RSASignaturePadding padding, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        _rsa is not null && _rsa.VerifyData(data, signature, hash, padding);
}
