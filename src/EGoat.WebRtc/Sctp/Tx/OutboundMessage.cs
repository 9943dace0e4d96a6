using System.Buffers;

namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>A message on its way out: its bytes stay here, in a pooled buffer and where they are lent from, until every fragment is acknowledged or given up.</summary>
internal sealed class OutboundMessage
{
    private byte[] _head = [];
    private int _headLength;
    private ReadOnlyMemory<byte> _body;
    private IDisposable? _lease;

    public ushort StreamId { get; private set; }

    public uint PayloadProtocolId { get; private set; }

    public bool IsUnordered { get; private set; }

    public int Length { get; private set; }

    /// <summary>Whether it counts as buffered: what the application sends does, what opens and acknowledges a channel does not (W3C bufferedAmount).</summary>
    public bool IsCounted { get; private set; }

    /// <summary>Given up after this time (RFC 3758 section 4.1, RFC 8831 section 6.1).</summary>
    public TimeSpan? Expires { get; private set; }

    /// <summary>Given up when a fragment would be retransmitted more often (RFC 7496 section 3.1).</summary>
    public int? MaxRetransmits { get; private set; }

    /// <summary>Bytes that were put into fragments.</summary>
    public int Sent { get; set; }

    /// <summary>SSN or MID, when the first fragment was sent.</summary>
    public uint MessageNumber { get; set; }

    public uint NextFragmentNumber { get; set; }

    /// <summary>The TSNs of the fragments that were sent first and last; fragments of other messages may lie between.</summary>
    public (long First, long Last) Tsns { get; set; }

    /// <summary>Fragments that are neither acknowledged nor given up.</summary>
    public int Outstanding { get; set; }

    public bool IsAbandoned { get; set; }

    public bool IsFullySent => Sent == Length;

    /// <summary>Bytes of the message, in two parts, either of which may be empty.</summary>
    public ReadOnlySpan<byte> GetPayload(int offset, int length, out ReadOnlySpan<byte> rest)
    {
        int fromHead = Math.Clamp(_headLength - offset, 0, length);
        rest = fromHead == length ? default : _body.Span.Slice(offset + fromHead - _headLength, length - fromHead);
        return fromHead == 0 ? default : _head.AsSpan(offset, fromHead);
    }

    public void Begin(ushort streamId, uint payloadProtocolId, in SctpPayload payload, bool isUnordered, TimeSpan? expires, int? maxRetransmits, bool isCounted)
    {
        _head = ArrayPool<byte>.Shared.Rent(payload.Head.Length);
        payload.Head.CopyTo(_head);
        (_headLength, _body, _lease) = (payload.Head.Length, payload.Body, payload.Lease);
        (StreamId, PayloadProtocolId, IsUnordered, Length) = (streamId, payloadProtocolId, isUnordered, payload.Length);
        (Expires, MaxRetransmits, IsAbandoned, IsCounted) = (expires, maxRetransmits, false, isCounted);
        (Sent, MessageNumber, NextFragmentNumber, Outstanding) = (0, 0, 0, 0);
    }

    public void End()
    {
        ArrayPool<byte>.Shared.Return(_head);
        _lease?.Dispose();
        (_head, _body, _lease) = ([], default, null);
    }
}
