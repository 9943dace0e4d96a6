using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace EGoat.Mesh.Protocol;

/// <summary>The first byte of a message on a file channel (docs/protocol.md §4).</summary>
internal enum FileFrameType : byte
{
    Manifest = 0x01,
    Data = 0x02,
    Hash = 0x03,
    End = 0x04,
    Skip = 0x05,
    Alive = 0x41,
    Ack = 0x81,
    Have = 0x82,
    Stored = 0x83,
}

/// <summary>
/// One frame of a file channel: a view of the received bytes. Integers are unsigned and big-endian.
/// <code>
///  MANIFEST  type flags 0 0 | JSON …
///  DATA      type 0 0 0     | u32 file | u64 offset | payload …
///  HASH      type 0 0 0     | u32 file | u32 block  | u32 block length | block hash
///  END       type 0 0 0     | u32 file | u64 length | file hash
///  SKIP      type 0 0 0     | u32 file | reason …
///  ALIVE     type 0 0 0     | u32 seconds
///  ACK       type 0 0 0     | u32 0    | u64 payload bytes written and verified
///  HAVE      type flags 0 0 | u32 file | u32 first block | n x block hash
///  STORED    type status 0 0| u32 file | reason …
/// </code>
/// </summary>
internal readonly ref struct FileFrame
{
    public const int ManifestHeaderLength = 4;
    public const int DataHeaderLength = 16;
    public const int HashFrameLength = 16 + TreeHash.HashLength;
    public const int EndFrameLength = 16 + TreeHash.HashLength;
    public const int AckFrameLength = 16;
    public const int HaveHeaderLength = 12;
    public const int StoredFrameLength = 8;
    public const int OutcomeHeaderLength = 8;
    public const int AliveFrameLength = 8;

    /// <summary>The longest reason of SKIP and STORED in bytes of UTF-8.</summary>
    public const int MaxReasonBytes = 1024;

    /// <summary>The status of STORED for a file that is in place, that could not be kept, and that is not wanted.</summary>
    public const byte StatusStored = 0;
    public const byte StatusFailed = 1;
    public const byte StatusUnwanted = 2;

    /// <summary>The largest frame towards a peer with the feature <c>frame64k</c>.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>The largest frame towards any other peer, and the largest manifest page.</summary>
    public const int MaxSmallLength = 16 * 1024;

    /// <summary>The flag of the last page of a manifest or of the hashes a receiver has.</summary>
    public const byte LastPage = 1;

    private FileFrame(FileFrameType type, byte flags) => (Type, Flags) = (type, flags);

    /// <summary>What it is.</summary>
    public FileFrameType Type { get; }

    /// <summary>Flags of a page, status of STORED.</summary>
    public byte Flags { get; }

    /// <summary>The index of the file in the manifest.</summary>
    public uint File { get; private init; }

    /// <summary>DATA: offset; END: length; ACK: acknowledged payload bytes. Never above <see cref="long.MaxValue"/>.</summary>
    public long Value { get; private init; }

    /// <summary>HASH: block index; HAVE: first block.</summary>
    public uint Block { get; private init; }

    /// <summary>HASH: length of the block.</summary>
    public uint BlockLength { get; private init; }

    /// <summary>ALIVE: the silence that its sender asks for, in seconds; 0 when it asks for none.</summary>
    public uint Seconds { get; private init; }

    /// <summary>The rest: manifest JSON, content, hashes, or a reason.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Reads a frame; false when its type is unknown or its length does not fit its type.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out FileFrame frame)
    {
        frame = default;
        if (bytes.Length is < ManifestHeaderLength or > MaxLength)
        {
            return false;
        }

        var type = (FileFrameType)bytes[0];
        byte flags = bytes[1];
        switch (type)
        {
            case FileFrameType.Manifest when bytes.Length <= MaxSmallLength:
                frame = new FileFrame(type, flags) { Payload = bytes[ManifestHeaderLength..] };
                return true;
            case FileFrameType.Data when bytes.Length > DataHeaderLength && TryReadLong(bytes[8..], out long offset):
                frame = new FileFrame(type, flags) { File = ReadUInt32(bytes[4..]), Value = offset, Payload = bytes[DataHeaderLength..] };
                return true;
            case FileFrameType.Hash when bytes.Length == HashFrameLength:
                frame = new FileFrame(type, flags)
                {
                    File = ReadUInt32(bytes[4..]),
                    Block = ReadUInt32(bytes[8..]),
                    BlockLength = ReadUInt32(bytes[12..]),
                    Payload = bytes[16..],
                };
                return true;
            case FileFrameType.End when bytes.Length == EndFrameLength && TryReadLong(bytes[8..], out long length):
                frame = new FileFrame(type, flags) { File = ReadUInt32(bytes[4..]), Value = length, Payload = bytes[16..] };
                return true;
            case FileFrameType.Ack when bytes.Length == AckFrameLength && TryReadLong(bytes[8..], out long acknowledged):
                frame = new FileFrame(type, flags) { Value = acknowledged };
                return true;
            case FileFrameType.Have when bytes.Length >= HaveHeaderLength && (bytes.Length - HaveHeaderLength) % TreeHash.HashLength == 0:
                frame = new FileFrame(type, flags)
                {
                    File = ReadUInt32(bytes[4..]),
                    Block = ReadUInt32(bytes[8..]),
                    Payload = bytes[HaveHeaderLength..],
                };
                return true;
            case FileFrameType.Stored when flags == StatusStored ? bytes.Length == StoredFrameLength : flags <= StatusUnwanted && IsOutcome(bytes):
            case FileFrameType.Skip when IsOutcome(bytes):
                frame = new FileFrame(type, flags) { File = ReadUInt32(bytes[4..]), Payload = bytes[OutcomeHeaderLength..] };
                return true;
            case FileFrameType.Alive when bytes.Length == AliveFrameLength:
                frame = new FileFrame(type, flags) { Seconds = ReadUInt32(bytes[4..]) };
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes the header of a manifest page; the JSON follows it.</summary>
    public static void WriteManifestHeader(Span<byte> destination, bool isLastPage)
    {
        destination[..ManifestHeaderLength].Clear();
        destination[0] = (byte)FileFrameType.Manifest;
        destination[1] = isLastPage ? LastPage : (byte)0;
    }

    /// <summary>Writes the header of a DATA frame; the payload follows it.</summary>
    public static void WriteDataHeader(Span<byte> destination, int file, long offset)
    {
        WriteHead(destination, FileFrameType.Data, file);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], offset);
    }

    /// <summary>Writes a HASH frame of <see cref="HashFrameLength"/> bytes.</summary>
    public static void WriteHash(Span<byte> destination, int file, int block, int blockLength, ReadOnlySpan<byte> hash)
    {
        WriteHead(destination, FileFrameType.Hash, file);
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], block);
        BinaryPrimitives.WriteInt32BigEndian(destination[12..], blockLength);
        hash.CopyTo(destination[16..]);
    }

    /// <summary>Writes an END frame of <see cref="EndFrameLength"/> bytes.</summary>
    public static void WriteEnd(Span<byte> destination, int file, long length, ReadOnlySpan<byte> hash)
    {
        WriteHead(destination, FileFrameType.End, file);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], length);
        hash.CopyTo(destination[16..]);
    }

    /// <summary>Writes an ACK frame of <see cref="AckFrameLength"/> bytes.</summary>
    public static void WriteAck(Span<byte> destination, long acknowledged)
    {
        WriteHead(destination, FileFrameType.Ack, 0);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], acknowledged);
    }

    /// <summary>Writes the header of a HAVE page; hashes follow it.</summary>
    public static void WriteHaveHeader(Span<byte> destination, int file, int firstBlock, bool isLastPage)
    {
        WriteHead(destination, FileFrameType.Have, file);
        destination[1] = isLastPage ? LastPage : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], firstBlock);
    }

    /// <summary>Writes a STORED frame of <see cref="StoredFrameLength"/> bytes, without a reason.</summary>
    public static void WriteStored(Span<byte> destination, int file, bool isStored)
    {
        WriteHead(destination, FileFrameType.Stored, file);
        destination[1] = isStored ? StatusStored : StatusFailed;
    }

    /// <summary>A STORED frame that says why a file is not in place. A reason that is too long is cut.</summary>
    public static byte[] CreateStored(int file, byte status, string reason)
    {
        byte[] frame = CreateOutcome(FileFrameType.Stored, file, reason);
        frame[1] = status;
        return frame;
    }

    /// <summary>A SKIP frame. A reason that is too long is cut.</summary>
    public static byte[] CreateSkip(int file, string reason) => CreateOutcome(FileFrameType.Skip, file, reason);

    /// <summary>An ALIVE frame.</summary>
    /// <param name="seconds">The silence that this side asks for; 0 when it asks for none.</param>
    public static byte[] CreateAlive(int seconds)
    {
        var frame = new byte[AliveFrameLength];
        WriteHead(frame, FileFrameType.Alive, seconds);
        return frame;
    }

    /// <summary>The reason of SKIP or STORED; it is a peer's choice, to be escaped for wherever it is shown.</summary>
    public string GetReason() => Encoding.UTF8.GetString(Payload);

    private static bool IsOutcome(ReadOnlySpan<byte> bytes) => bytes.Length is >= OutcomeHeaderLength and <= OutcomeHeaderLength + MaxReasonBytes;

    private static byte[] CreateOutcome(FileFrameType type, int file, string reason)
    {
        Span<byte> utf8 = stackalloc byte[MaxReasonBytes];
        Utf8.FromUtf16(reason, utf8, out _, out int length);
        var frame = new byte[OutcomeHeaderLength + length];
        WriteHead(frame, type, file);
        utf8[..length].CopyTo(frame.AsSpan(OutcomeHeaderLength));
        return frame;
    }

    private static void WriteHead(Span<byte> destination, FileFrameType type, int file)
    {
        destination[..4].Clear();
        destination[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(destination[4..], file);
    }

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32BigEndian(bytes);

    private static bool TryReadLong(ReadOnlySpan<byte> bytes, out long value)
    {
        value = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return value >= 0;
    }
}
