using System.Security.Cryptography;
using EGoat.Keys;

namespace EGoat.Mesh;

/// <summary>
/// The identity id of an installation: the first 16 bytes of SHA-256(certificate DER) in base32, 26 lower-case characters.
/// Always computed from the certificate that DTLS verified, never from anything a peer claims.
/// </summary>
public static class IdentityId
{
    private const int LengthBytes = 16;

    /// <summary>The identity id of a certificate.</summary>
    /// <param name="certificate">The certificate in DER.</param>
    public static string FromCertificate(ReadOnlySpan<byte> certificate)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(certificate, hash);
        return Base32.Encode(hash[..LengthBytes]);
    }

    /// <summary>Whether <paramref name="text"/> has the form of an identity id.</summary>
    public static bool IsValid(string? text) => text is not null && Base32.IsId(text);
}
