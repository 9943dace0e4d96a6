namespace EGoat.WebRtc.DataChannels;

/// <summary>Payload protocol identifiers (RFC 8831 section 8). The partial ones are deprecated; they are read and never written.</summary>
internal static class PayloadProtocol
{
    public const uint Dcep = 50;
    public const uint Text = 51;
    public const uint BinaryPartial = 52;
    public const uint Binary = 53;
    public const uint TextPartial = 54;
    public const uint EmptyText = 56;
    public const uint EmptyBinary = 57;

    /// <summary>Whether the one byte that SCTP asks for stands for an empty message.</summary>
    public static bool IsEmpty(uint payloadProtocolId) => payloadProtocolId is EmptyText or EmptyBinary;
}
