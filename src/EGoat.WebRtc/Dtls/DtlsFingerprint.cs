using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// The hash of a certificate as SDP carries it: <c>a=fingerprint:sha-256 4A:AD:B9:...</c> (RFC 8122 section 5).
/// Two are equal when algorithm and bytes are.
/// </summary>
/// <param name="Algorithm">The hash function's name in lower case: <c>sha-256</c>, <c>sha-384</c>, <c>sha-512</c>, or one that
/// this engine does not verify.</param>
/// <param name="Value">The hash. Treat it as read-only.</param>
public readonly record struct DtlsFingerprint(string Algorithm, byte[] Value)
{
    /// <summary>SHA-256, the one that every WebRTC endpoint writes (RFC 8827 section 6.5).</summary>
    public const string Sha256 = "sha-256";

    /// <summary>SHA-384.</summary>
    public const string Sha384 = "sha-384";

    /// <summary>SHA-512.</summary>
    public const string Sha512 = "sha-512";

    /// <summary>The longest hash that <see cref="TryParse"/> takes, in bytes.</summary>
    private const int MaxValueLength = 64;

    /// <summary>Whether the engine can verify a certificate against it: a known algorithm and the length that belongs to it.</summary>
    public bool IsSupported => Value is not null && HashLength(Algorithm) is int length && length == Value.Length;

    /// <summary>How much this algorithm is preferred among several of one peer; 0 means unsupported.</summary>
    internal int Preference => IsSupported ? Value.Length : 0;

    /// <summary>Computes the fingerprint of a certificate.</summary>
    /// <param name="algorithm"><see cref="Sha256"/>, <see cref="Sha384"/> or <see cref="Sha512"/>.</param>
    /// <param name="certificate">The certificate in DER.</param>
    /// <exception cref="ArgumentException">Another algorithm.</exception>
    public static DtlsFingerprint Compute(string algorithm, ReadOnlySpan<byte> certificate) => new(algorithm, algorithm switch
    {
        Sha256 => SHA256.HashData(certificate),
        Sha384 => SHA384.HashData(certificate),
        Sha512 => SHA512.HashData(certificate),
        _ => throw new ArgumentException($"'{algorithm}' is not a supported fingerprint algorithm.", nameof(algorithm)),
    });

    /// <summary>Parses the value of an <c>a=fingerprint</c> line: algorithm, a space, hexadecimal bytes with colons between.</summary>
    /// <returns>False when the text has another form. An unknown algorithm is no reason for that.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out DtlsFingerprint fingerprint)
    {
        fingerprint = default;
        text = text.Trim();
        int space = text.IndexOf(' ');
        if (space <= 0)
        {
            return false;
        }

        ReadOnlySpan<char> hex = text[(space + 1)..].TrimStart();
        int count = (hex.Length + 1) / 3;
        if (hex.Length % 3 != 2 || count > MaxValueLength)
        {
            return false;
        }

        byte[] value = new byte[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<char> pair = hex.Slice(i * 3, 2);
            if (!char.IsAsciiHexDigit(pair[0]) || !char.IsAsciiHexDigit(pair[1]) || (i + 1 < count && hex[i * 3 + 2] != ':'))
            {
                return false;
            }

            value[i] = (byte)(Convert.ToInt32(pair[0].ToString(), 16) << 4 | Convert.ToInt32(pair[1].ToString(), 16));
        }

        fingerprint = new DtlsFingerprint(LowerCase(text[..space]), value);
        return true;
    }

    /// <summary>Whether <paramref name="certificate"/> (DER) has this fingerprint. False when it is not supported.</summary>
    public bool Matches(ReadOnlySpan<byte> certificate) =>
        IsSupported && CryptographicOperations.FixedTimeEquals(Compute(Algorithm, certificate).Value, Value);

    /// <summary>
    /// Verifies a certificate as RFC 8122 section 5.1 says: of the fingerprints that the peer announced, those of the most
    /// preferred hash function count, and the certificate must match one of them.
    /// </summary>
    internal static bool Verify(ReadOnlySpan<DtlsFingerprint> announced, ReadOnlySpan<byte> certificate)
    {
        int preferred = 0;
        foreach (DtlsFingerprint fingerprint in announced)
        {
            preferred = Math.Max(preferred, fingerprint.Preference);
        }

        foreach (DtlsFingerprint fingerprint in announced)
        {
            if (preferred > 0 && fingerprint.Preference == preferred && fingerprint.Matches(certificate))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether both have the same algorithm and bytes.</summary>
    public bool Equals(DtlsFingerprint other) =>
        string.Equals(Algorithm, other.Algorithm, StringComparison.Ordinal) && Value.AsSpan().SequenceEqual(other.Value);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Algorithm, StringComparer.Ordinal);
        hash.AddBytes(Value);
        return hash.ToHashCode();
    }

    /// <summary>The value of an <c>a=fingerprint</c> line: <c>sha-256 4A:AD:B9:...</c>, in upper case as the grammar demands.</summary>
    public override string ToString() => Value is null ? "" : $"{Algorithm} {BitConverter.ToString(Value).Replace('-', ':')}";

    private static int? HashLength(string algorithm) => algorithm switch
    {
        Sha256 => SHA256.HashSizeInBytes,
        Sha384 => SHA384.HashSizeInBytes,
        Sha512 => SHA512.HashSizeInBytes,
        _ => null,
    };

    [SuppressMessage("Globalization", "CA1308", Justification = "The registered names of hash functions are lower case.")]
    private static string LowerCase(ReadOnlySpan<char> name) => name.ToString().ToLowerInvariant();
}
