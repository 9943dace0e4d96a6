using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>Takes SCTP packets apart and puts them together, right or deliberately wrong.</summary>
internal static class SctpChunks
{
    private const ushort Port = 5000;

    /// <summary>The chunks with their headers and padding, as far as the packet is well-formed; the rest is one more.</summary>
    public static List<byte[]> Split(ReadOnlySpan<byte> packet)
    {
        var chunks = new List<byte[]>();
        ReadOnlySpan<byte> rest = packet[Math.Min(packet.Length, SctpPacket.HeaderLength)..];
        while (!rest.IsEmpty)
        {
            int length = rest.Length < TlvReader.HeaderLength ? rest.Length : Math.Max(TlvReader.HeaderLength, (int)BinaryPrimitives.ReadUInt16BigEndian(rest[2..]));
            length = Math.Min(TlvReader.Pad(length), rest.Length);
            chunks.Add(rest[..length].ToArray());
            rest = rest[length..];
        }

        return chunks;
    }

    /// <summary>A packet with a right header, tag and checksum around whatever chunks.</summary>
    public static byte[] Join(uint tag, params ReadOnlySpan<byte[]> chunks)
    {
        var packet = new List<byte>(new byte[SctpPacket.HeaderLength]);
        foreach (byte[] chunk in chunks)
        {
            packet.AddRange(chunk);
        }

        byte[] bytes = [.. packet];
        Repair(bytes, tag);
        return bytes;
    }

    /// <summary>Makes ports, tag and checksum right, so that the packet gets past the first checks.</summary>
    public static void Repair(Span<byte> packet, uint tag)
    {
        if (packet.Length >= SctpPacket.HeaderLength)
        {
            SctpPacket.WriteHeader(packet, Port, Port, tag);
            SctpPacket.WriteChecksum(packet);
        }
    }

    /// <summary>A chunk with its padding.</summary>
    public static byte[] Chunk(ChunkType type, byte flags, params ReadOnlySpan<byte> value)
    {
        var chunk = new byte[TlvReader.Pad(TlvReader.HeaderLength + value.Length)];
        chunk[0] = (byte)type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(TlvReader.HeaderLength + value.Length));
        value.CopyTo(chunk.AsSpan(TlvReader.HeaderLength));
        return chunk;
    }

    public static byte[] Data(bool isInterleaved, byte flags, uint tsn, ushort streamId, uint messageNumber, uint fragmentNumber, uint payloadProtocolId, ReadOnlySpan<byte> payload)
    {
        var buffer = new byte[TlvReader.Pad(DataChunk.InterleavedHeaderLength + payload.Length)];
        var writer = new PacketWriter(buffer, 0);
        DataChunk.Write(ref writer, isInterleaved, flags, tsn, streamId, messageNumber, fragmentNumber, payloadProtocolId, payload);
        return buffer[..writer.Length];
    }

    /// <summary>Numbers behind one another, big-endian.</summary>
    public static byte[] Words(params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[sizeof(uint) * words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(sizeof(uint) * i), words[i]);
        }

        return bytes;
    }

    /// <summary>Whether a packet is one that a peer can read to the end: chunks whole, padded, and each of them parses.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < SctpPacket.HeaderLength + TlvReader.HeaderLength || packet.Length % 4 != 0)
        {
            return false;
        }

        var chunks = new TlvReader(packet[SctpPacket.HeaderLength..]);
        while (chunks.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value))
        {
            bool parses = type switch
            {
                ChunkType.Data or ChunkType.IData => DataChunk.TryParse(type, flags, value, out DataChunk data) && !data.Payload.IsEmpty,
                ChunkType.Sack => SackChunk.TryParse(value, out _),
                ChunkType.Init => InitChunk.TryParse(value, out _),
                ChunkType.InitAck => InitChunk.TryParse(value, out InitChunk ack) && !ack.Cookie.IsEmpty,
                ChunkType.ForwardTsn => value.Length >= 4 && value.Length % 4 == 0,
                ChunkType.IForwardTsn => value.Length >= 4 && value.Length % 8 == 4,
                ChunkType.ReConfig or ChunkType.Error or ChunkType.Abort => AreWhole(value),
                _ => Enum.IsDefined(type),
            };
            if (!parses)
            {
                return false;
            }
        }

        return !chunks.IsMalformed;
    }

    private static bool AreWhole(ReadOnlySpan<byte> parameters)
    {
        var reader = new TlvReader(parameters);
        while (reader.TryRead(out _, out _))
        {
        }

        return !reader.IsMalformed;
    }
}
