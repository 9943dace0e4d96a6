using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using EGoat.Mesh.Transfers;

namespace EGoat.Mesh;

/// <summary>
/// The file hash of E-Goat, a tree of SHA-256: of slices of 64 KiB, of the slice hashes of a block of 1 MiB, of the block hashes of
/// the file; shown as <c>eg2:</c> and 64 hexadecimal digits (docs/protocol.md §4). It is not <c>sha256sum</c> of the file.
/// </summary>
public static class TreeHash
{
    /// <summary>The length of a block in bytes; the last block of a file may be shorter.</summary>
    public const int BlockSize = 1024 * 1024;

    /// <summary>The length of a SHA-256 in bytes.</summary>
    internal const int HashLength = SHA256.HashSizeInBytes;

    private const int SliceSize = 64 * 1024;
    private const int SlicesPerBlock = BlockSize / SliceSize;

    /// <summary>The file hash of a stream, read from its position to its end.</summary>
    public static async Task<string> ComputeAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var blockHashes = new ArrayBufferWriter<byte>();
            long length = 0;
            int read;
            do
            {
                read = await stream.ReadAtLeastAsync(block.AsMemory(0, BlockSize), BlockSize, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                if (read > 0)
                {
                    HashBlock(block.AsSpan(0, read), blockHashes.GetSpan(HashLength));
                    blockHashes.Advance(HashLength);
                    length += read;
                }
            }
            while (read == BlockSize);

            return Format(Combine(length, blockHashes.WrittenSpan));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>The file hash of a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static async Task<string> ComputeAsync(string path, CancellationToken cancellationToken = default)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            return await ComputeAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The hash of a block of 1 to <see cref="BlockSize"/> bytes.</summary>
    internal static byte[] HashBlock(ReadOnlySpan<byte> content)
    {
        var hash = new byte[HashLength];
        HashBlock(content, hash);
        return hash;
    }

    /// <summary>The hash of a block.</summary>
    /// <param name="content">1 to <see cref="BlockSize"/> bytes.</param>
    /// <param name="hash">Room for it: <see cref="HashLength"/> bytes.</param>
    internal static void HashBlock(ReadOnlySpan<byte> content, Span<byte> hash)
    {
        Span<byte> slices = stackalloc byte[SlicesPerBlock * HashLength];
        int written = 0;
        if (content.Length == BlockSize && Sha256Lanes.IsSupported)
        {
            Sha256Lanes.HashData(content, slices);
            written = slices.Length;
        }
        else
        {
            for (; !content.IsEmpty; content = content[Math.Min(SliceSize, content.Length)..])
            {
                written += SHA256.HashData(content[..Math.Min(SliceSize, content.Length)], slices[written..]);
            }
        }

        SHA256.HashData(slices[..written], hash);
    }

    /// <summary>The file hash from a length and the concatenated block hashes in order.</summary>
    internal static byte[] Combine(long length, ReadOnlySpan<byte> blockHashes)
    {
        Span<byte> head = stackalloc byte[12 + 8 + 4];
        "egoat-file-2"u8.CopyTo(head);
        BinaryPrimitives.WriteInt64BigEndian(head[12..], length);
        BinaryPrimitives.WriteInt32BigEndian(head[20..], BlockSize);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(blockHashes);
        return hash.GetHashAndReset();
    }

    /// <summary><c>eg2:</c> and the digits.</summary>
    internal static string Format(ReadOnlySpan<byte> fileHash) => "eg2:" + Convert.ToHexStringLower(fileHash);

    /// <summary>How many blocks a file of <paramref name="length"/> bytes has; 0 for an empty one.</summary>
    internal static long BlockCount(long length) => (length + BlockSize - 1) / BlockSize;

    /// <summary>The length of block <paramref name="block"/> of a file of <paramref name="length"/> bytes.</summary>
    internal static int BlockLength(long length, long block) => (int)Math.Min(BlockSize, length - (block * BlockSize));
}
