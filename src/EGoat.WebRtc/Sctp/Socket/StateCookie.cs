using System.Buffers.Binary;
using System.Security.Cryptography;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Socket;

/// <summary>
/// Everything that an end needs to set up an association, handed to the peer and back under a MAC, so that an INIT costs
/// no memory (RFC 9260 section 5.1.3).
/// </summary>
internal readonly record struct StateCookie
{
    public const int Length = FixedLength + HMACSHA256.HashSizeInBytes;

    private const int FixedLength = 44;

    public uint LocalTag { get; init; }

    public uint LocalInitialTsn { get; init; }

    public uint PeerTag { get; init; }

    public uint PeerInitialTsn { get; init; }

    public uint PeerWindow { get; init; }

    public ushort PeerInboundStreams { get; init; }

    public Capabilities PeerCapabilities { get; init; }

    /// <summary>The tags of the association that existed when INIT came, or 0 (RFC 9260 section 5.2.2).</summary>
    public uint LocalTieTag { get; init; }

    public uint PeerTieTag { get; init; }

    public TimeSpan Created { get; init; }

    public static bool TryParse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> secret, out StateCookie cookie)
    {
        cookie = default;
        if (bytes.Length != Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, bytes[..FixedLength], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[FixedLength..]))
        {
            return false;
        }

        cookie = new StateCookie
        {
            LocalTag = BinaryPrimitives.ReadUInt32BigEndian(bytes),
            LocalInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            PeerTag = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            PeerInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            PeerWindow = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
            PeerInboundStreams = BinaryPrimitives.ReadUInt16BigEndian(bytes[20..]),
            PeerCapabilities = (Capabilities)BinaryPrimitives.ReadUInt16BigEndian(bytes[22..]),
            LocalTieTag = BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]),
            PeerTieTag = BinaryPrimitives.ReadUInt32BigEndian(bytes[28..]),
            Created = new TimeSpan(BinaryPrimitives.ReadInt64BigEndian(bytes[32..])),
        };
        return true;
    }

    public void Write(Span<byte> bytes, ReadOnlySpan<byte> secret)
    {
        bytes[..FixedLength].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, LocalTag);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], LocalInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], PeerTag);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], PeerInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], PeerWindow);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[20..], PeerInboundStreams);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[22..], (ushort)PeerCapabilities);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[24..], LocalTieTag);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[28..], PeerTieTag);
        BinaryPrimitives.WriteInt64BigEndian(bytes[32..], Created.Ticks);
        HMACSHA256.HashData(secret, bytes[..FixedLength], bytes[FixedLength..]);
    }
}
