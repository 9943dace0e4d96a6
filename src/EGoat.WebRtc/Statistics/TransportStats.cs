using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Statistics;

/// <summary>ICE and DTLS of a connection (W3C RTCTransportStats). An immutable snapshot.</summary>
public sealed record TransportStats
{
    /// <summary>DTLS datagrams sent (packetsSent).</summary>
    public required long PacketsSent { get; init; }

    /// <summary>
    /// DTLS records received from an address that ICE has validated (packetsReceived). Each is a datagram, but for those of the
    /// handshake, of which one may hold several.
    /// </summary>
    public required long PacketsReceived { get; init; }

    /// <summary>Bytes of these datagrams, without the headers of IP and UDP (bytesSent).</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes of these records (bytesReceived).</summary>
    public required long BytesReceived { get; init; }

    /// <summary>DTLS records that were dropped: malformed, replayed, of another epoch, not authentic.</summary>
    public required long DroppedRecords { get; init; }

    /// <summary>Whether this side nominates the pair (iceRole "controlling"); null before a description was made.</summary>
    public required bool? IsIceControlling { get; init; }

    /// <summary>The state of ICE (iceState).</summary>
    public required IceConnectionState IceState { get; init; }

    /// <summary>The pair that data goes over (selectedCandidatePairId); null while there is none.</summary>
    public required IceCandidatePairStats? SelectedCandidatePair { get; init; }

    /// <summary>How often data has changed to another pair, the first one included (selectedCandidatePairChanges).</summary>
    public required long SelectedCandidatePairChanges { get; init; }

    /// <summary>The state of DTLS (dtlsState).</summary>
    public required DtlsState DtlsState { get; init; }

    /// <summary>This side's role in the handshake (dtlsRole); null before both descriptions are known.</summary>
    public required DtlsRole? DtlsRole { get; init; }

    /// <summary>The version of the record protocol in hexadecimal digits, <c>FEFD</c> for DTLS 1.2 (tlsVersion); null before the handshake is done.</summary>
    public required string? TlsVersion { get; init; }

    /// <summary>The cipher suite by its IANA name (dtlsCipher); null before the handshake is done.</summary>
    public required string? DtlsCipher { get; init; }
}
