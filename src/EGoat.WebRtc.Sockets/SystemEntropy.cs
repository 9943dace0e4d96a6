using System.Security.Cryptography;

namespace EGoat.WebRtc.Sockets;

/// <summary>The platform's randomness and keys.</summary>
internal sealed class SystemEntropy : IEntropySource
{
    public static readonly SystemEntropy Instance = new();

    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    public ECDiffieHellman CreateEphemeralKey(ECCurve curve) => ECDiffieHellman.Create(curve);
}
