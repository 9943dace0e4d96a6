using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>Extensions that an end announces in INIT or INIT ACK; one is used when both ends announced it.</summary>
[Flags]
internal enum Capabilities
{
    None = 0,

    /// <summary>FORWARD-TSN (RFC 3758).</summary>
    PartialReliability = 1,

    /// <summary>RE-CONFIG (RFC 6525).</summary>
    StreamReset = 2,

    /// <summary>I-DATA and I-FORWARD-TSN (RFC 8260).</summary>
    MessageInterleaving = 4,

    /// <summary>A zero checksum, since DTLS detects errors (RFC 9653).</summary>
    ZeroChecksum = 8,

    /// <summary>PAD (RFC 4820).</summary>
    Padding = 16,
}

/// <summary>How <see cref="Capabilities"/> are written in INIT.</summary>
internal static class CapabilitiesWire
{
    /// <summary>The error detection method "SCTP over DTLS" (RFC 9653 section 8.2).</summary>
    public const uint DtlsErrorDetection = 1;

    public static Capabilities FromExtensions(ReadOnlySpan<byte> chunkTypes)
    {
        var capabilities = Capabilities.None;
        foreach (byte type in chunkTypes)
        {
            capabilities |= (ChunkType)type switch
            {
                ChunkType.ReConfig => Capabilities.StreamReset,
                ChunkType.ForwardTsn => Capabilities.PartialReliability,
                ChunkType.IData => Capabilities.MessageInterleaving,
                ChunkType.Pad => Capabilities.Padding,
                _ => Capabilities.None,
            };
        }

        return capabilities;
    }

    public static void Write(ref PacketWriter writer, Capabilities capabilities)
    {
        Span<byte> extensions = stackalloc byte[5];
        int count = 0;
        if (capabilities.HasFlag(Capabilities.StreamReset))
        {
            extensions[count++] = (byte)ChunkType.ReConfig;
        }

        if (capabilities.HasFlag(Capabilities.PartialReliability))
        {
            extensions[count++] = (byte)ChunkType.ForwardTsn;
            writer.WriteParameter((ushort)ParameterType.ForwardTsnSupported, []);
        }

        if (capabilities.HasFlag(Capabilities.MessageInterleaving))
        {
            extensions[count++] = (byte)ChunkType.IData;
            extensions[count++] = (byte)ChunkType.IForwardTsn;
        }

        if (capabilities.HasFlag(Capabilities.Padding))
        {
            extensions[count++] = (byte)ChunkType.Pad;
        }

        writer.WriteParameter((ushort)ParameterType.SupportedExtensions, extensions[..count]);
        if (capabilities.HasFlag(Capabilities.ZeroChecksum))
        {
            Span<byte> method = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(method, DtlsErrorDetection);
            writer.WriteParameter((ushort)ParameterType.ZeroChecksumAcceptable, method);
        }
    }
}
