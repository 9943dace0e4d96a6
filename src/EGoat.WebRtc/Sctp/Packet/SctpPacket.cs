using System.Buffers.Binary;
using System.Numerics;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>The common header and checksum of a packet (RFC 9260 section 3.1).</summary>
/// <remarks>
/// <code>
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       source port             |      destination port         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       verification tag                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 CRC32c, least significant byte first          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | chunks, each padded to 32 bits ...
/// </code>
/// </remarks>
internal static class SctpPacket
{
    public const int HeaderLength = 12;
    public const int ChecksumOffset = 8;

    public static ushort ReadDestinationPort(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);

    public static uint ReadVerificationTag(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);

    public static void WriteHeader(Span<byte> packet, ushort sourcePort, ushort destinationPort, uint verificationTag)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], verificationTag);
        packet.Slice(ChecksumOffset, sizeof(uint)).Clear();
    }

    public static void WriteChecksum(Span<byte> packet) =>
        BinaryPrimitives.WriteUInt32LittleEndian(packet[ChecksumOffset..], ComputeChecksum(packet));

    /// <summary>Checks the CRC32c; a zero counts as right where zero checksums are agreed (RFC 9653 section 5.3).</summary>
    public static bool HasValidChecksum(ReadOnlySpan<byte> packet, bool acceptZero)
    {
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(packet[ChecksumOffset..]);
        return (checksum == 0 && acceptZero) || checksum == ComputeChecksum(packet);
    }

    /// <summary>The CRC32c over the packet with a zero checksum field (RFC 9260 appendix A).</summary>
    public static uint ComputeChecksum(ReadOnlySpan<byte> packet)
    {
        uint crc = Update(uint.MaxValue, packet[..ChecksumOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Update(crc, packet[(ChecksumOffset + sizeof(uint))..]);
    }

    private static uint Update(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
