using System.Security.Cryptography;
using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>Hashes of slices and blocks (docs/protocol.md §4), beside SHA-256 of the platform; the test vectors have whole files.</summary>
public sealed class TreeHashTests
{
    private const int Slice = 64 * 1024;

    [Theory]
    [InlineData(1)]
    [InlineData(Slice - 1)]
    [InlineData(Slice)]
    [InlineData(Slice + 1)]
    [InlineData(TreeHash.BlockSize - 1)]
    [InlineData(TreeHash.BlockSize)]
    public void A_block_is_the_hash_of_its_slices_hashes(int length)
    {
        byte[] content = Random(length);
        byte[] expected = SHA256.HashData([.. content.Chunk(Slice).SelectMany(SHA256.HashData)]);
        Assert.Equal(expected, TreeHash.HashBlock(content));
    }

    [LanesTheory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(Slice - 64)]
    [InlineData(Slice)]
    public void Sixteen_slices_at_once_hash_as_one_by_one(int sliceLength)
    {
        byte[] content = Random(Sha256Lanes.Count * sliceLength);
        byte[] expected = [.. content.Chunk(sliceLength).SelectMany(SHA256.HashData)];
        var actual = new byte[Sha256Lanes.Count * TreeHash.HashLength];
        Sha256Lanes.HashData(content, actual);
        Assert.Equal(expected, actual);
    }

    private static byte[] Random(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private sealed class LanesTheoryAttribute : TheoryAttribute
    {
        public LanesTheoryAttribute() => Skip = Sha256Lanes.IsSupported ? null : "This processor has no AVX-512.";
    }
}
