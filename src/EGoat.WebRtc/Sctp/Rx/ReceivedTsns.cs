using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Rx;

/// <summary>Which TSNs have come: a cumulative one, and ranges beyond it. Makes the content of a SACK (RFC 9260 section 6.2).</summary>
/// <remarks>Knows nothing of payloads, streams or time.</remarks>
internal sealed class ReceivedTsns(long initialTsn)
{
    /// <summary>Ranges beyond the cumulative TSN; data that would open one more is dropped, and the peer sends it again.</summary>
    private const int MaxRanges = 1024;

    /// <summary>Duplicates reported in one SACK.</summary>
    private const int MaxDuplicates = 16;

    /// <summary>Disjoint, not adjacent, ascending, all above <see cref="CumulativeTsn"/> + 1.</summary>
    private readonly List<(long Start, long End)> _ranges = [];
    private readonly uint[] _duplicates = new uint[MaxDuplicates];
    private int _duplicateCount;

    /// <summary>All TSNs up to this one have come.</summary>
    public long CumulativeTsn { get; private set; } = initialTsn - 1;

    public long HighestTsn => _ranges.Count > 0 ? _ranges[^1].End : CumulativeTsn;

    public bool HasGaps => _ranges.Count > 0;

    public bool Contains(long tsn) => tsn <= CumulativeTsn || FindRange(tsn) >= 0;

    /// <summary>Whether a new TSN could be noted, and a gap block could name it: none reaches further than 16 bits.</summary>
    public bool CanAdd(long tsn) => tsn == CumulativeTsn + 1 || (_ranges.Count < MaxRanges && tsn <= CumulativeTsn + ushort.MaxValue);

    public void AddDuplicate(long tsn)
    {
        if (_duplicateCount < MaxDuplicates)
        {
            _duplicates[_duplicateCount++] = (uint)tsn;
        }
    }

    /// <summary>Notes a TSN that <see cref="Contains"/> does not know.</summary>
    public void Add(long tsn)
    {
        if (tsn == CumulativeTsn + 1)
        {
            CumulativeTsn = tsn;
            AbsorbFirstRange();
            return;
        }

        int next = ~FindRange(tsn);
        bool joinsPrevious = next > 0 && _ranges[next - 1].End == tsn - 1;
        bool joinsNext = next < _ranges.Count && _ranges[next].Start == tsn + 1;
        switch (joinsPrevious, joinsNext)
        {
            case (true, true):
                _ranges[next - 1] = (_ranges[next - 1].Start, _ranges[next].End);
                _ranges.RemoveAt(next);
                break;
            case (true, false):
                _ranges[next - 1] = (_ranges[next - 1].Start, tsn);
                break;
            case (false, true):
                _ranges[next] = (tsn, _ranges[next].End);
                break;
            default:
                _ranges.Insert(next, (tsn, tsn));
                break;
        }
    }

    /// <summary>The sender has given up everything up to a TSN (RFC 3758 section 3.6).</summary>
    public void SkipTo(long tsn)
    {
        if (tsn <= CumulativeTsn)
        {
            return;
        }

        CumulativeTsn = tsn;
        _ranges.RemoveAll(range => range.End <= tsn);
        if (_ranges.Count > 0 && _ranges[0].Start <= tsn + 1)
        {
            CumulativeTsn = _ranges[0].End;
            _ranges.RemoveAt(0);
        }
    }

    /// <summary>Writes a SACK chunk with as many gap blocks as fit, and forgets the duplicates.</summary>
    public void WriteSack(ref PacketWriter writer, uint window)
    {
        int room = (writer.Free - TlvReader.HeaderLength - SackChunk.FixedLength) / SackChunk.GapBlockLength;
        int blocks = 0;
        while (blocks < Math.Min(_ranges.Count, room) && _ranges[blocks].End - CumulativeTsn <= ushort.MaxValue)
        {
            blocks++;
        }

        int duplicates = Math.Min(_duplicateCount, room - blocks);
        writer.BeginChunk(ChunkType.Sack);
        writer.WriteUInt32((uint)CumulativeTsn);
        writer.WriteUInt32(window);
        writer.WriteUInt16(blocks);
        writer.WriteUInt16(duplicates);
        for (int i = 0; i < blocks; i++)
        {
            writer.WriteUInt16((int)(_ranges[i].Start - CumulativeTsn));
            writer.WriteUInt16((int)(_ranges[i].End - CumulativeTsn));
        }

        for (int i = 0; i < duplicates; i++)
        {
            writer.WriteUInt32(_duplicates[i]);
        }

        writer.EndChunk();
        _duplicateCount = 0;
    }

    private void AbsorbFirstRange()
    {
        if (_ranges.Count > 0 && _ranges[0].Start == CumulativeTsn + 1)
        {
            CumulativeTsn = _ranges[0].End;
            _ranges.RemoveAt(0);
        }
    }

    // The index of the range that holds the TSN, or the complement of where it would stand.
    private int FindRange(long tsn)
    {
        int low = 0;
        int high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            (long start, long end) = _ranges[middle];
            if (tsn >= start && tsn <= end)
            {
                return middle;
            }

            (low, high) = tsn > end ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
