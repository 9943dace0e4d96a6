namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>
/// Serial number arithmetic (RFC 1982), done once, where a number comes off the wire: inside, TSNs, SSNs and MIDs are
/// <see cref="long"/>s that never wrap, so that they compare and subtract as numbers do.
/// </summary>
internal static class SerialNumber
{
    /// <summary>The number whose low 32 bits are <paramref name="wire"/> and that is closest to <paramref name="reference"/>.</summary>
    public static long Unwrap(uint wire, long reference) => reference + (int)(wire - (uint)reference);

    /// <summary>The number whose low 16 bits are <paramref name="wire"/> and that is closest to <paramref name="reference"/>.</summary>
    public static long Unwrap(ushort wire, long reference) => reference + (short)(wire - (ushort)reference);
}
