using System.Buffers.Binary;

namespace EGoat.WebRtc.Sctp.Packet;

/// <summary>What INIT and INIT ACK say (RFC 9260 sections 3.3.2 and 3.3.3).</summary>
/// <remarks>
/// <code>
/// initiate tag u32 | a_rwnd u32 | outbound streams u16 | inbound streams u16 | initial TSN u32 | parameters ...
/// </code>
/// </remarks>
internal readonly ref struct InitChunk
{
    public const int FixedLength = 16;

    public uint InitiateTag { get; init; }

    public uint AdvertisedReceiverWindow { get; init; }

    public ushort OutboundStreams { get; init; }

    public ushort InboundStreams { get; init; }

    public uint InitialTsn { get; init; }

    public Capabilities Capabilities { get; init; }

    /// <summary>All parameters of an INIT that came, or of the INIT that this INIT ACK answers.</summary>
    public ReadOnlySpan<byte> Parameters { get; init; }

    /// <summary>The state cookie of an INIT ACK.</summary>
    public ReadOnlySpan<byte> Cookie { get; init; }

    public static bool TryParse(ReadOnlySpan<byte> value, out InitChunk chunk)
    {
        chunk = default;
        if (value.Length < FixedLength)
        {
            return false;
        }

        var capabilities = Capabilities.None;
        ReadOnlySpan<byte> cookie = default;
        var parameters = new TlvReader(value[FixedLength..]);
        while (parameters.TryRead(out ushort type, out ReadOnlySpan<byte> parameter) && !UnrecognizedParameters.EndsProcessing(type))
        {
            switch ((ParameterType)type)
            {
                case ParameterType.StateCookie:
                    cookie = parameter;
                    break;
                case ParameterType.ForwardTsnSupported:
                    capabilities |= Capabilities.PartialReliability;
                    break;
                case ParameterType.ZeroChecksumAcceptable when parameter.Length == 4 && BinaryPrimitives.ReadUInt32BigEndian(parameter) == CapabilitiesWire.DtlsErrorDetection:
                    capabilities |= Capabilities.ZeroChecksum;
                    break;
                case ParameterType.SupportedExtensions:
                    capabilities |= CapabilitiesWire.FromExtensions(parameter);
                    break;
                default:
                    break;
            }
        }

        chunk = new InitChunk
        {
            InitiateTag = BinaryPrimitives.ReadUInt32BigEndian(value),
            AdvertisedReceiverWindow = BinaryPrimitives.ReadUInt32BigEndian(value[4..]),
            OutboundStreams = BinaryPrimitives.ReadUInt16BigEndian(value[8..]),
            InboundStreams = BinaryPrimitives.ReadUInt16BigEndian(value[10..]),
            InitialTsn = BinaryPrimitives.ReadUInt32BigEndian(value[12..]),
            Capabilities = capabilities,
            Parameters = value[FixedLength..],
            Cookie = cookie,
        };

        // RFC 9260 section 3.3.2: neither a tag nor a number of streams may be 0.
        return !parameters.IsMalformed && chunk.InitiateTag != 0 && chunk.OutboundStreams != 0 && chunk.InboundStreams != 0;
    }

    public void Write(ref PacketWriter writer, ChunkType type)
    {
        writer.BeginChunk(type);
        writer.WriteUInt32(InitiateTag);
        writer.WriteUInt32(AdvertisedReceiverWindow);
        writer.WriteUInt16(OutboundStreams);
        writer.WriteUInt16(InboundStreams);
        writer.WriteUInt32(InitialTsn);
        CapabilitiesWire.Write(ref writer, Capabilities);
        if (!Cookie.IsEmpty)
        {
            writer.WriteParameter((ushort)ParameterType.StateCookie, Cookie);
            UnrecognizedParameters.WriteReport(ref writer, Parameters);
        }

        writer.EndChunk();
    }
}
