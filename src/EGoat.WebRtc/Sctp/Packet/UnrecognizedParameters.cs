namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>What to do with parameters of INIT and INIT ACK that this end does not know, by their two high bits (RFC 9260 section 3.2.1).</summary>
internal static class UnrecognizedParameters
{
    /// <summary>Bytes of unrecognized parameters that one INIT ACK reports; what is beyond is left out.</summary>
    public const int MaxReportLength = 256;

    private const int SkipBit = 0x8000;
    private const int ReportBit = 0x4000;

    /// <summary>Known to the RFCs, without a meaning here: addresses, ECN, AUTH, padding, adaptation layers.</summary>
    private static ReadOnlySpan<ushort> Meaningless => [5, 6, 9, 11, 12, 0x8000, 0x8002, 0x8003, 0x8004, 0x8005, 0xC001, 0xC002, 0xC003, 0xC004, 0xC005, 0xC006];

    /// <summary>Whether the parameters behind this one must be ignored.</summary>
    public static bool EndsProcessing(ushort type) => (type & SkipBit) == 0 && IsUnrecognized(type);

    /// <summary>Writes an Unrecognized Parameter for each that asks for it.</summary>
    public static void WriteReport(ref PacketWriter writer, ReadOnlySpan<byte> parameters)
    {
        int room = MaxReportLength;
        Span<byte> whole = stackalloc byte[MaxReportLength];
        var reader = new TlvReader(parameters);
        while (reader.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            int length = TlvReader.HeaderLength + value.Length;
            int reported = TlvReader.Pad(TlvReader.HeaderLength + length);
            if ((type & ReportBit) != 0 && IsUnrecognized(type) && reported <= room)
            {
                var copy = new PacketWriter(whole, 0);
                copy.WriteParameter(type, value);
                writer.WriteParameter((ushort)ParameterType.UnrecognizedParameter, whole[..length]);
                room -= reported;
            }

            if (EndsProcessing(type))
            {
                break;
            }
        }
    }

    private static bool IsUnrecognized(ushort type) => !Enum.IsDefined((ParameterType)type) && !Meaningless.Contains(type);
}
