using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>A SACK as it came (RFC 9260 section 3.3.4). Offsets of gap blocks count from the cumulative TSN.</summary>
/// <remarks>
/// <code>
/// cumulative TSN u32 | a_rwnd u32 | gap blocks u16 | duplicates u16 | (start u16, end u16)... | duplicate TSN u32 ...
/// </code>
/// </remarks>
internal readonly ref struct SackChunk
{
    public const int FixedLength = 12;
    public const int GapBlockLength = 4;

    /// <summary>A whole chunk that tells of no gaps.</summary>
    public const int MinLength = TlvReader.HeaderLength + FixedLength;

    private readonly ReadOnlySpan<byte> _gapBlocks;

    private SackChunk(uint cumulativeTsnAck, uint window, ReadOnlySpan<byte> gapBlocks, bool hasDuplicates)
    {
        CumulativeTsnAck = cumulativeTsnAck;
        AdvertisedReceiverWindow = window;
        _gapBlocks = gapBlocks;
        HasDuplicates = hasDuplicates;
    }

    public uint CumulativeTsnAck { get; }

    public uint AdvertisedReceiverWindow { get; }

    public int GapBlockCount => _gapBlocks.Length / GapBlockLength;

    /// <summary>Whether the peer has received something twice.</summary>
    public bool HasDuplicates { get; }

    public static bool TryParse(ReadOnlySpan<byte> value, out SackChunk sack)
    {
        sack = default;
        if (value.Length < FixedLength)
        {
            return false;
        }

        int blocks = BinaryPrimitives.ReadUInt16BigEndian(value[8..]) * GapBlockLength;
        int duplicates = BinaryPrimitives.ReadUInt16BigEndian(value[10..]) * sizeof(uint);
        if (value.Length < FixedLength + blocks + duplicates)
        {
            return false;
        }

        sack = new SackChunk(BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]), value.Slice(FixedLength, blocks), duplicates > 0);
        return true;
    }

    /// <summary>The first of several SACK chunks that were written behind one another, header and padding included.</summary>
    public static ReadOnlySpan<byte> TakeFirst(ReadOnlySpan<byte> chunks) => chunks[..TlvReader.Pad(BinaryPrimitives.ReadUInt16BigEndian(chunks[2..]))];

    public (int Start, int End) GetGapBlock(int index) => (
        BinaryPrimitives.ReadUInt16BigEndian(_gapBlocks[(index * GapBlockLength)..]),
        BinaryPrimitives.ReadUInt16BigEndian(_gapBlocks[((index * GapBlockLength) + 2)..]));
}
