using System.Security.Cryptography;

namespace EGoat.Testing;

/// <summary>Files of any size with content that depends on nothing but that size.</summary>
public static class TestFile
{
    /// <summary>Writes a file of so many random bytes; returns where it is and its SHA-256.</summary>
    public static (string Path, byte[] Hash) Create(string folder, string name, long length)
    {
        string path = Path.Combine(folder, name);
        using FileStream file = File.Create(path);
        var random = new Random(length.GetHashCode());
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[1024 * 1024];
        for (long left = length; left > 0; left -= block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(left, block.Length));
            random.NextBytes(part);
            hash.AppendData(part);
            file.Write(part);
        }

        return (path, hash.GetHashAndReset());
    }

    /// <summary>The SHA-256 of what a file holds.</summary>
    public static byte[] HashOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file);
    }
}
