using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>Derives all secrets of TLS 1.2 with its PRF on HMAC-SHA256 (RFC 5246 sections 5, 6.3, 7.4.9 and 8.1, RFC 7627).</summary>
internal static class KeySchedule
{
    public const int MasterSecretLength = 48;
    public const int VerifyDataLength = 12;

    private const int KeyBlockLength = 2 * (RecordCipher.KeyLength + RecordProtection.SaltLength);

    /// <summary>The master secret bound to the handshake so far (RFC 7627 section 4).</summary>
    public static byte[] DeriveExtendedMasterSecret(ReadOnlySpan<byte> premasterSecret, ReadOnlySpan<byte> sessionHash)
    {
        var master = new byte[MasterSecretLength];
        Prf(premasterSecret, "extended master secret"u8, sessionHash, master);
        return master;
    }

    /// <summary>The master secret of a peer that does not know the extension.</summary>
    public static byte[] DeriveMasterSecret(ReadOnlySpan<byte> premasterSecret, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> serverRandom)
    {
        var master = new byte[MasterSecretLength];
        Prf(premasterSecret, "master secret"u8, [.. clientRandom, .. serverRandom], master);
        return master;
    }

    /// <summary>The keys of epoch 1 in both directions.</summary>
    public static RecordProtection CreateProtection(ReadOnlySpan<byte> masterSecret, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> serverRandom, bool isClient, RecordCipherFactory createCipher)
    {
        Span<byte> block = stackalloc byte[KeyBlockLength];
        Prf(masterSecret, "key expansion"u8, [.. serverRandom, .. clientRandom], block);
        ReadOnlySpan<byte> clientKey = block[..RecordCipher.KeyLength];
        ReadOnlySpan<byte> serverKey = block.Slice(RecordCipher.KeyLength, RecordCipher.KeyLength);
        ReadOnlySpan<byte> clientSalt = block.Slice(2 * RecordCipher.KeyLength, RecordProtection.SaltLength);
        ReadOnlySpan<byte> serverSalt = block[((2 * RecordCipher.KeyLength) + RecordProtection.SaltLength)..];
        RecordProtection protection = isClient
            ? new RecordProtection(createCipher(serverKey), serverSalt, createCipher(clientKey), clientSalt)
            : new RecordProtection(createCipher(clientKey), clientSalt, createCipher(serverKey), serverSalt);
        CryptographicOperations.ZeroMemory(block);
        return protection;
    }

    /// <summary>The verify_data of a Finished message (RFC 5246 section 7.4.9).</summary>
    public static byte[] ComputeVerifyData(ReadOnlySpan<byte> masterSecret, bool ofClient, ReadOnlySpan<byte> transcript)
    {
        var verifyData = new byte[VerifyDataLength];
        Prf(masterSecret, ofClient ? "client finished"u8 : "server finished"u8, SHA256.HashData(transcript), verifyData);
        return verifyData;
    }

    // RFC 5246 section 5: A(0) = label and seed, A(i) = HMAC(A(i-1)); the output is HMAC(A(i) and A(0)) for i = 1, 2, ...
    internal static void Prf(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> seed, Span<byte> output)
    {
        byte[] labelAndSeed = [.. label, .. seed];
        byte[] a = labelAndSeed;
        Span<byte> block = stackalloc byte[HMACSHA256.HashSizeInBytes];
        while (!output.IsEmpty)
        {
            a = HMACSHA256.HashData(secret, a);
            HMACSHA256.HashData(secret, [.. a, .. labelAndSeed], block);
            int count = Math.Min(block.Length, output.Length);
            block[..count].CopyTo(output);
            output = output[count..];
        }

        CryptographicOperations.ZeroMemory(block);
    }
}
