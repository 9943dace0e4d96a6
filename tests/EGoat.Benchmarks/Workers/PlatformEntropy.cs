using System.Security.Cryptography;
using EGoat.WebRtc;

namespace EGoat.Benchmarks.Workers;

/// <summary>The platform's randomness and keys.</summary>
internal sealed class PlatformEntropy : IEntropySource
{
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    public ECDiffieHellman CreateEphemeralKey(ECCurve curve) => ECDiffieHellman.Create(curve);
}
