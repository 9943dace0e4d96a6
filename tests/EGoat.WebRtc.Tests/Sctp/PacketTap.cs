using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

/// <summary>Sees every packet between A and Z: notes the chunks, loses those that a test chooses, and adds some of its own.</summary>
internal sealed class PacketTap
{
    /// <summary>The tags that packets to A and to Z carry.</summary>
    private uint _tagOfA;
    private uint _tagOfZ;

    public PacketTap(SimulatedNetwork network) => network.Filter = Handle;

    public List<SentChunk> Sent { get; } = [];

    /// <summary>A packet vanishes when this is true for one of its chunks.</summary>
    public Func<SentChunk, bool>? Lose { get; set; }

    public int Count(bool isFromA, ChunkType type) => Sent.Count(c => c.IsFromA == isFromA && c.Type == type);

    public IEnumerable<SentChunk> Data(bool isFromA = true) => Sent.Where(c => c.IsData && c.IsFromA == isFromA);

    /// <summary>Hands a peer a packet with one chunk, as if the other had sent it.</summary>
    public void Inject(SctpPeer target, ChunkType type, byte flags, params ReadOnlySpan<byte> value) =>
        target.HandleDatagram(target.Network.Now, default, default, Create(target.IsA ? _tagOfA : _tagOfZ, type, flags, value));

    public static byte[] Create(uint tag, ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        var packet = new byte[SctpPacket.HeaderLength + TlvReader.Pad(TlvReader.HeaderLength + value.Length)];
        var writer = new PacketWriter(packet, SctpPacket.HeaderLength);
        writer.BeginChunk(type, flags);
        writer.WriteBytes(value);
        writer.EndChunk();
        SctpPacket.WriteHeader(packet, 5000, 5000, tag);
        SctpPacket.WriteChecksum(packet);
        return packet;
    }

    /// <summary>Words of 32 bits as they stand in a chunk.</summary>
    public static byte[] Words(params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[words.Length * sizeof(uint)];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * sizeof(uint)), words[i]);
        }

        return bytes;
    }

    private bool Handle(SimulatedDatagram datagram)
    {
        bool isFromA = datagram.From.ToString().StartsWith("192.0.2.1:", StringComparison.Ordinal);
        uint tag = SctpPacket.ReadVerificationTag(datagram.Bytes);
        (_tagOfA, _tagOfZ) = (tag, isFromA) switch
        {
            (0, _) => (_tagOfA, _tagOfZ),
            (_, true) => (_tagOfA, tag),
            (_, false) => (tag, _tagOfZ),
        };
        bool isLost = false;
        var chunks = new TlvReader(datagram.Bytes.AsSpan(SctpPacket.HeaderLength));
        while (chunks.TryReadChunk(out ChunkType type, out byte flags, out ReadOnlySpan<byte> value))
        {
            var chunk = new SentChunk(datagram.Now, isFromA, type, flags, value.ToArray());
            Sent.Add(chunk);
            isLost |= Lose?.Invoke(chunk) ?? false;
        }

        return !isLost;
    }
}
