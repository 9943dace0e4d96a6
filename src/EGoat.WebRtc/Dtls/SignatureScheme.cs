using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.WebRtc.Dtls;

/// <summary>Signature algorithms by their code points (RFC 5246 section 7.4.1.4.1 and RFC 8446 section 4.2.3).</summary>
internal static class SignatureScheme
{
    public const ushort EcdsaP256Sha256 = 0x0403;

    private const ushort EcdsaP384Sha384 = 0x0503;
    private const ushort RsaPssSha256 = 0x0804;
    private const ushort RsaPkcs1Sha256 = 0x0401;
    private const ushort RsaPkcs1Sha384 = 0x0501;
    private const ushort RsaPkcs1Sha512 = 0x0601;

    /// <summary>What this side verifies, most wanted first.</summary>
    private static readonly ushort[] Supported = [EcdsaP256Sha256, EcdsaP384Sha384, RsaPssSha256, RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512];

    /// <summary>The list for signature_algorithms and CertificateRequest.</summary>
    public static byte[] SupportedList { get; } = CreateList();

    /// <summary>Whether <paramref name="certificate"/>'s key made <paramref name="signature"/> over <paramref name="data"/>. False for schemes that are not supported.</summary>
    public static bool Verify(X509Certificate2 certificate, ushort scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            return scheme switch
            {
                EcdsaP256Sha256 => VerifyEcdsa(certificate, HashAlgorithmName.SHA256, data, signature),
                EcdsaP384Sha384 => VerifyEcdsa(certificate, HashAlgorithmName.SHA384, data, signature),
                RsaPssSha256 => VerifyRsa(certificate, HashAlgorithmName.SHA256, RSASignaturePadding.Pss, data, signature),
                RsaPkcs1Sha256 => VerifyRsa(certificate, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, data, signature),
                RsaPkcs1Sha384 => VerifyRsa(certificate, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, data, signature),
                RsaPkcs1Sha512 => VerifyRsa(certificate, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, data, signature),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false; // a key that the platform cannot use
        }
    }

    private static bool VerifyEcdsa(X509Certificate2 certificate, HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using ECDsa? key = certificate.GetECDsaPublicKey();
        return key is not null && key.VerifyData(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool VerifyRsa(X509Certificate2 certificate, HashAlgorithmName hash, RSASignaturePadding padding, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using RSA? key = certificate.GetRSAPublicKey();
        return key is not null && key.VerifyData(data, signature, hash, padding);
    }

    private static byte[] CreateList()
    {
        var list = new byte[2 * Supported.Length];
        for (int i = 0; i < Supported.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2 * i), Supported[i]);
        }

        return list;
    }
}
