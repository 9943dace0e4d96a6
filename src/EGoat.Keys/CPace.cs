using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace EGoat.Keys;

/// <summary>
/// CPace of draft-irtf-cfrg-cpace with X25519 and SHA-512 in its initiator-responder form: two sides that know the same password agree
/// on a key, and whoever does not know it gets one guess for each try. The curve is BouncyCastle's.
/// </summary>
internal static class CPace
{
    /// <summary>The length of a share in bytes.</summary>
    public const int ShareLength = 32;

    private const int HashBlockLength = 128;
    private static readonly byte[] Domain = "CPace255"u8.ToArray();
    private static readonly byte[] KeyDomain = "CPace255_ISK"u8.ToArray();
    private static readonly byte[] ConfirmationDomain = "CPaceMac"u8.ToArray();

    /// <summary>The generator that the password stands for.</summary>
    /// <param name="password">What both sides know (PRS).</param>
    /// <param name="channel">Who they are and where they meet (CI).</param>
    /// <param name="session">What tells this run from others (sid).</param>
    public static byte[] Generator(ReadOnlySpan<byte> password, byte[] channel, byte[] session)
    {
        byte[] secret = password.ToArray();
        int padding = Math.Max(0, HashBlockLength - 1 - Prefixed(secret).Length - Prefixed(Domain).Length);
        byte[] text = Concatenate(Domain, secret, new byte[padding], channel, session);
        byte[] hash = SHA512.HashData(text);
        byte[] generator = Elligator2.Map(hash.AsSpan(0, Elligator2.Length));
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(text);
        CryptographicOperations.ZeroMemory(hash);
        return generator;
    }

    /// <summary>What is sent to the other side: the generator times the secret scalar.</summary>
    public static byte[] Share(byte[] scalar, byte[] generator)
    {
        var share = new byte[ShareLength];
        X25519.ScalarMult(scalar, 0, generator, 0, share, 0);
        return share;
    }

    /// <summary>The other side's share times the secret scalar. False when that is the neutral element: the share was of low order.</summary>
    public static bool TryAgree(byte[] scalar, byte[] share, out byte[] point)
    {
        point = new byte[ShareLength];
        return X25519.CalculateAgreement(scalar, 0, share, 0, point, 0);
    }

    /// <summary>The key that both sides have now (ISK), 64 bytes.</summary>
    public static byte[] Key(byte[] session, byte[] point, byte[] initiatorShare, byte[] initiatorData, byte[] responderShare, byte[] responderData) =>
        SHA512.HashData([.. Concatenate(KeyDomain, session, point), .. Concatenate(initiatorShare, initiatorData), .. Concatenate(responderShare, responderData)]);

    /// <summary>What a side proves to know the key with: an HMAC under a key of its own purpose over who it is and what it has sent.</summary>
    public static byte[] Confirmation(byte[] session, byte[] key, byte[] role, byte[] share, byte[] data) =>
        HMACSHA512.HashData(SHA512.HashData([.. ConfirmationDomain, .. session, .. key]), Concatenate(role, share, data));

    /// <summary>The draft's lv_cat: each part with its length before it, in LEB128.</summary>
    public static byte[] Concatenate(params ReadOnlySpan<byte[]> parts)
    {
        var joined = new List<byte>();
        foreach (byte[] part in parts)
        {
            joined.AddRange(Prefixed(part));
        }

        return [.. joined];
    }

    private static byte[] Prefixed(byte[] part)
    {
        var prefix = new List<byte>();
        int length = part.Length;
        do
        {
            prefix.Add((byte)(length < 128 ? length : (length & 127) | 128));
            length >>= 7;
        }
        while (length > 0);
        return [.. prefix, .. part];
    }
}
