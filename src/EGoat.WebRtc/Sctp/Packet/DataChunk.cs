using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>A DATA or I-DATA chunk (RFC 9260 section 3.3.1, RFC 8260 section 2.1).</summary>
/// <remarks>
/// <code>
/// DATA    TSN u32 | stream u16 | SSN u16      | PPID u32                              | payload
/// I-DATA  TSN u32 | stream u16 | reserved u16 | MID u32 | PPID u32 (B) or FSN u32     | payload
/// flags   ....IUBE: immediate SACK, unordered, begin, end
/// </code>
/// </remarks>
internal readonly ref struct DataChunk
{
    public const byte EndFlag = 1;
    public const byte BeginFlag = 2;
    public const byte UnorderedFlag = 4;
    public const byte ImmediateFlag = 8;

    /// <summary>Chunk header included.</summary>
    public const int HeaderLength = 16;

    /// <summary>Chunk header included.</summary>
    public const int InterleavedHeaderLength = 20;

    public bool IsInterleaved { get; private init; }

    public byte Flags { get; private init; }

    public uint Tsn { get; private init; }

    public ushort StreamId { get; private init; }

    /// <summary>The SSN (DATA; meaningless if unordered) or the MID (I-DATA).</summary>
    public uint MessageNumber { get; private init; }

    /// <summary>I-DATA only; 0 on the first fragment.</summary>
    public uint FragmentNumber { get; private init; }

    /// <summary>On the first fragment; every fragment of DATA carries it too.</summary>
    public uint PayloadProtocolId { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    public bool IsBegin => (Flags & BeginFlag) != 0;

    public bool IsEnd => (Flags & EndFlag) != 0;

    public bool IsUnordered => (Flags & UnorderedFlag) != 0;

    public bool IsImmediate => (Flags & ImmediateFlag) != 0;

    /// <summary>False when it is too short to have a header. An empty payload is for the caller to judge.</summary>
    public static bool TryParse(ChunkType type, byte flags, ReadOnlySpan<byte> value, out DataChunk chunk)
    {
        chunk = default;
        bool isInterleaved = type == ChunkType.IData;
        int header = (isInterleaved ? InterleavedHeaderLength : HeaderLength) - TlvReader.HeaderLength;
        if (value.Length < header)
        {
            return false;
        }

        bool isBegin = (flags & BeginFlag) != 0;
        uint last = BinaryPrimitives.ReadUInt32BigEndian(value[(header - 4)..]);
        chunk = new DataChunk
        {
            IsInterleaved = isInterleaved,
            Flags = flags,
            Tsn = BinaryPrimitives.ReadUInt32BigEndian(value),
            StreamId = BinaryPrimitives.ReadUInt16BigEndian(value[4..]),
            MessageNumber = isInterleaved ? BinaryPrimitives.ReadUInt32BigEndian(value[8..]) : BinaryPrimitives.ReadUInt16BigEndian(value[6..]),
            FragmentNumber = isInterleaved && !isBegin ? last : 0,
            PayloadProtocolId = isInterleaved && !isBegin ? 0 : last,
            Payload = value[header..],
        };
        return true;
    }

    /// <summary>Writes a chunk and its padding; the payload may come in two parts.</summary>
    public static void Write(
        ref PacketWriter writer, bool isInterleaved, byte flags, uint tsn, ushort streamId, uint messageNumber, uint fragmentNumber, uint payloadProtocolId,
        ReadOnlySpan<byte> payload, ReadOnlySpan<byte> rest = default)
    {
        writer.BeginChunk(isInterleaved ? ChunkType.IData : ChunkType.Data, flags);
        writer.WriteUInt32(tsn);
        writer.WriteUInt16(streamId);
        if (isInterleaved)
        {
            writer.WriteUInt16(0);
            writer.WriteUInt32(messageNumber);
            writer.WriteUInt32((flags & BeginFlag) != 0 ? payloadProtocolId : fragmentNumber);
        }
        else
        {
            writer.WriteUInt16((ushort)messageNumber);
            writer.WriteUInt32(payloadProtocolId);
        }

        writer.WriteBytes(payload);
        writer.WriteBytes(rest);
        writer.EndChunk();
    }
}
