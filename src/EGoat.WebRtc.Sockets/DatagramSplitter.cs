using System.Buffers.Binary;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Takes apart what the kernel joined (UDP_GRO). Everything that arrives on our sockets carries its own length, so the
/// datagrams are found without asking the kernel where one began: STUN, TURN ChannelData and DTLS records, told apart by their
/// first byte (RFC 7983 section 7).
/// </summary>
internal static class DatagramSplitter
{
    private const int ChannelDataHeaderLength = 4;

    /// <summary>
    /// Takes the next datagram; of DTLS all that follow one another, since to DTLS it is the same whether records share a datagram
    /// (RFC 6347 section 4.1.1). False at the end, and where a byte fits nothing: then <paramref name="rest"/> is not empty.
    /// </summary>
    public static bool TryTake(ref Span<byte> rest, out Span<byte> datagram)
    {
        int length = Measure(rest);
        if (length > 0 && IsRecord(rest))
        {
            for (int next = length; next > 0; length += next)
            {
                next = IsRecord(rest[length..]) ? Measure(rest[length..]) : 0;
            }
        }

        datagram = rest[..length];
        rest = rest[length..];
        return length > 0;
    }

    private static bool IsRecord(ReadOnlySpan<byte> bytes) => bytes is [>= 20 and <= 63, ..];

    // The length of what begins here; 0 when nothing does, or not all of it is there.
    private static int Measure(ReadOnlySpan<byte> bytes)
    {
        int length = bytes switch
        {
            [<= 3, ..] => ReadLength(bytes, 2, StunMessage.HeaderLength),
            [>= 20 and <= 63, ..] => ReadLength(bytes, RecordHeader.EncodedLength - sizeof(ushort), RecordHeader.EncodedLength),
            [>= 64 and <= 79, ..] => ReadLength(bytes, 2, ChannelDataHeaderLength),
            _ => 0,
        };
        return length > bytes.Length ? 0 : length;
    }

    private static int ReadLength(ReadOnlySpan<byte> bytes, int offset, int headerLength) => bytes.Length < headerLength
        ? 0
        : headerLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
}
