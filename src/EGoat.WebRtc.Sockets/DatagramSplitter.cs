using System.Buffers.Binary;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Takes apart what the kernel joined (UDP_GRO). Everything that arrives on our sockets carries its own length, so the
/// datagrams are found without asking the kernel where one began: STUN, TURN ChannelData and DTLS records, told apart by their
/// first byte (RFC 7983 section 7). Several records of one datagram come one by one, which is the same to DTLS.
/// </summary>
internal static class DatagramSplitter
{
    private const int ChannelDataHeaderLength = 4;

    /// <summary>Takes the next datagram. False at the end, and where a byte fits nothing: then <paramref name="rest"/> is not empty.</summary>
    public static bool TryTake(ref Span<byte> rest, out Span<byte> datagram)
    {
        datagram = default;
        if (rest.IsEmpty)
        {
            return false;
        }

        int length = rest[0] switch
        {
            <= 3 => ReadLength(rest, 2, StunMessage.HeaderLength),
            >= 20 and <= 63 => ReadLength(rest, RecordHeader.EncodedLength - sizeof(ushort), RecordHeader.EncodedLength),
            >= 64 and <= 79 => ReadLength(rest, 2, ChannelDataHeaderLength),
            _ => int.MaxValue,
        };
        if (length > rest.Length)
        {
            return false;
        }

        datagram = rest[..length];
        rest = rest[length..];
        return true;
    }

    private static int ReadLength(ReadOnlySpan<byte> bytes, int offset, int headerLength) => bytes.Length < headerLength
        ? int.MaxValue
        : headerLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
}
