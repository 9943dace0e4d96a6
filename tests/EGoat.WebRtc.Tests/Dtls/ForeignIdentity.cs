using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A certificate of a kind that this engine reads and does not make, and how its key signs.</summary>
internal sealed class ForeignIdentity
{
    public static readonly ForeignIdentity P256 = CreateEcdsa(ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256, SignatureScheme.EcdsaP256Sha256);
    public static readonly ForeignIdentity P384 = CreateEcdsa(ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384, SignatureScheme.EcdsaP384Sha384);
    public static readonly ForeignIdentity P521 = CreateEcdsa(ECCurve.NamedCurves.nistP521, HashAlgorithmName.SHA256, SignatureScheme.EcdsaP256Sha256);

    private static readonly RSA RsaKey = RSA.Create(2048);
    private readonly Func<byte[], byte[]> _sign;

    private ForeignIdentity(byte[] der, ushort scheme, bool isRsa, Func<byte[], byte[]> sign)
    {
        Der = der;
        Scheme = scheme;
        IsRsa = isRsa;
        _sign = sign;
    }

    public byte[] Der { get; }

    public ushort Scheme { get; }

    public bool IsRsa { get; }

    public DtlsFingerprint Fingerprint => DtlsFingerprint.Compute(DtlsFingerprint.Sha256, Der);

    /// <summary>A 2048-bit RSA key that signs with this scheme.</summary>
    public static ForeignIdentity CreateRsa(ushort scheme)
    {
        RSASignaturePadding padding = scheme == SignatureScheme.RsaPssSha256 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        HashAlgorithmName hash = scheme switch
        {
            SignatureScheme.RsaPkcs1Sha384 => HashAlgorithmName.SHA384,
            SignatureScheme.RsaPkcs1Sha512 => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
        var request = new CertificateRequest("CN=foreign", RsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new ForeignIdentity(SelfSign(request), scheme, true, data => RsaKey.SignData(data, hash, padding));
    }

    /// <summary>A certificate for any public key, signed by a key that does not matter: fingerprints vouch for it.</summary>
    public static byte[] CreateCertificateFor(PublicKey key)
    {
        using ECDsa issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedName("CN=foreign");
        using X509Certificate2 certificate = new CertificateRequest(name, key, HashAlgorithmName.SHA256).Create(
            name, X509SignatureGenerator.CreateForECDsa(issuer), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100), [1]);
        return certificate.RawData;
    }

    public static byte[] SelfSign(CertificateRequest request)
    {
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.RawData;
    }

    public byte[] Sign(ReadOnlySpan<byte> data) => _sign(data.ToArray());

    private static ForeignIdentity CreateEcdsa(ECCurve curve, HashAlgorithmName hash, ushort scheme)
    {
        ECDsa key = ECDsa.Create(curve);
        byte[] der = SelfSign(new CertificateRequest("CN=foreign", key, HashAlgorithmName.SHA256));
        return new ForeignIdentity(der, scheme, false, data => key.SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence));
    }
}
