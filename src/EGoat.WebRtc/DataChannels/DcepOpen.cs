using System.Buffers.Binary;
using System.Text;

namespace EGoat.WebRtc.DataChannels;

/// <summary>DATA_CHANNEL_OPEN of the Data Channel Establishment Protocol (RFC 8832 section 5.1).</summary>
/// <remarks>
/// <code>
/// type 3 u8 | channel type u8 | priority u16 | reliability u32 | label length u16 | protocol length u16 | label | protocol
/// </code>
/// </remarks>
internal static class DcepOpen
{
    public const byte MessageType = 3;

    private const int FixedLength = 12;
    private const byte UnorderedFlag = 0x80;

    private enum Reliability : byte
    {
        Reliable = 0,
        Retransmits = 1,
        LifeTime = 2,
    }

    /// <summary>Whether a message says that it opens a channel, well-formed or not.</summary>
    public static bool IsOpen(ReadOnlySpan<byte> message) => message is [MessageType, ..];

    public static bool TryParse(ReadOnlySpan<byte> message, out string label, out DataChannelOptions options)
    {
        label = "";
        options = new DataChannelOptions();
        if (message.Length < FixedLength || message[0] != MessageType)
        {
            return false;
        }

        int labelLength = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int protocolLength = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        var reliability = (Reliability)(message[1] & ~UnorderedFlag);
        if (message.Length != FixedLength + labelLength + protocolLength || reliability > Reliability.LifeTime)
        {
            return false;
        }

        int parameter = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(message[4..]), ushort.MaxValue);
        label = Encoding.UTF8.GetString(message.Slice(FixedLength, labelLength));
        options = new DataChannelOptions
        {
            Ordered = (message[1] & UnorderedFlag) == 0,
            MaxRetransmits = reliability == Reliability.Retransmits ? parameter : null,
            MaxPacketLifeTime = reliability == Reliability.LifeTime ? parameter : null,
            Protocol = Encoding.UTF8.GetString(message[(FixedLength + labelLength)..]),
            Priority = ToPriority(BinaryPrimitives.ReadUInt16BigEndian(message[2..])),
        };
        return true;
    }

    public static byte[] Create(string label, DataChannelOptions options)
    {
        byte[] labelBytes = Encoding.UTF8.GetBytes(label);
        byte[] protocolBytes = Encoding.UTF8.GetBytes(options.Protocol);
        var message = new byte[FixedLength + labelBytes.Length + protocolBytes.Length];
        (Reliability reliability, int parameter) = options switch
        {
            { MaxRetransmits: { } retransmits } => (Reliability.Retransmits, retransmits),
            { MaxPacketLifeTime: { } lifeTime } => (Reliability.LifeTime, lifeTime),
            _ => (Reliability.Reliable, 0),
        };
        message[0] = MessageType;
        message[1] = (byte)((byte)reliability | (options.Ordered ? 0 : UnorderedFlag));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)options.Priority);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), (uint)parameter);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)labelBytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), (ushort)protocolBytes.Length);
        labelBytes.CopyTo(message, FixedLength);
        protocolBytes.CopyTo(message, FixedLength + labelBytes.Length);
        return message;
    }

    // Numbers between the four go up to the next one, as W3C "Priority Control" section 4 has it.
    private static DataChannelPriority ToPriority(ushort priority) => priority switch
    {
        <= (ushort)DataChannelPriority.VeryLow => DataChannelPriority.VeryLow,
        <= (ushort)DataChannelPriority.Low => DataChannelPriority.Low,
        <= (ushort)DataChannelPriority.Medium => DataChannelPriority.Medium,
        _ => DataChannelPriority.High,
    };
}
