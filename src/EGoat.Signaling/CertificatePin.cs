using System.Buffers.Text;
using System.Security.Cryptography;

namespace EGoat.Signaling;

/// <summary>The fragment <c>#cert=…</c> of a server's URL: base64url of the SHA-256 of its certificate in DER.</summary>
public static class CertificatePin
{
    private const string Name = "cert=";

    /// <summary>The fragment for a certificate, without '#'.</summary>
    public static string Format(ReadOnlySpan<byte> certificate) => Name + Base64Url.EncodeToString(SHA256.HashData(certificate));

    /// <summary>The pinned hash of a URL, or null when it pins nothing.</summary>
    /// <exception cref="SignalingException">The fragment has a pin that is not one.</exception>
    public static byte[]? FromUrl(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        foreach (string part in SignalingUrl.Fragment(url))
        {
            if (part.StartsWith(Name, StringComparison.Ordinal))
            {
                var pin = new byte[SHA256.HashSizeInBytes];
                return Base64Url.IsValid(part.AsSpan(Name.Length)) && Base64Url.TryDecodeFromChars(part.AsSpan(Name.Length), pin, out int written) && written == pin.Length
                    ? pin
                    : throw new SignalingException(SignalingErrors.BadUrl, "The URL's #cert= is damaged: it has 43 characters of base64url. Copy the whole URL that 'egoat serve' prints.", null);
            }
        }

        return null;
    }
}
