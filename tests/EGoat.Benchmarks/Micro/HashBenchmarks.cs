using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using EGoat.Mesh;

namespace EGoat.Benchmarks.Micro;

/// <summary>The hash of a block of a file, beside SHA-256 of the same bytes in one go.</summary>
public class HashBenchmarks
{
    private readonly byte[] _block = new byte[TreeHash.BlockSize];
    private readonly byte[] _hash = new byte[TreeHash.HashLength];

    [GlobalSetup]
    public void SetUp() => new Random(1).NextBytes(_block);

    [Benchmark(Baseline = true)]
    public void Sha256() => SHA256.HashData(_block, _hash);

    [Benchmark]
    public void HashBlock() => TreeHash.HashBlock(_block, _hash);
}
