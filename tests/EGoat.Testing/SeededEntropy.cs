using System.Security.Cryptography;
using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>Reproducible randomness. Keys are real and fresh: no test depends on their value.</summary>
public sealed class SeededEntropy(int seed) : IEntropySource
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> destination) => _random.NextBytes(destination);

    public ECDiffieHellman CreateEphemeralKey(ECCurve curve) => ECDiffieHellman.Create(curve);
}
