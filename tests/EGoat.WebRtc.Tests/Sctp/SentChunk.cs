using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>A chunk that went over the network, whether it arrived or not.</summary>
internal sealed record SentChunk(TimeSpan At, bool IsFromA, ChunkType Type, byte Flags, byte[] Value)
{
    public bool IsData => Type is ChunkType.Data or ChunkType.IData;

    /// <summary>The first word: the TSN of DATA, the cumulative TSN of SACK and FORWARD-TSN.</summary>
    public uint Tsn => BinaryPrimitives.ReadUInt32BigEndian(Value);

    /// <summary>Of DATA and I-DATA.</summary>
    public ushort StreamId => BinaryPrimitives.ReadUInt16BigEndian(Value.AsSpan(4));

    /// <summary>Of DATA and I-DATA.</summary>
    public int PayloadLength => Value.Length - (Type == ChunkType.IData ? 16 : 12);
}
