using System.Security.Cryptography;

namespace EGoat.WebRtc;

/// <summary>
/// Where the engine gets random bytes and fresh keys from. Handed in, so that a test can seed it and the engine has no
/// global randomness. Calls come from whoever drives the connection, one at a time.
/// </summary>
public interface IEntropySource
{
    /// <summary>Fills <paramref name="destination"/> with unpredictable bytes.</summary>
    void Fill(Span<byte> destination);

    /// <summary>Creates a fresh ephemeral ECDH key on a named curve: NIST P-256 or P-384 (RFC 8422 section 5.1.1). The caller disposes of it.</summary>
    ECDiffieHellman CreateEphemeralKey(ECCurve curve);
}
