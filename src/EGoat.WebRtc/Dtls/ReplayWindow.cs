namespace EGoat.WebRtc.Dtls;

/// <summary>
/// Remembers which record sequence numbers have been seen (RFC 6347 section 4.1.2.6), as a ring of words so that moving the
/// window never shifts bits (RFC 6479). Numbers more than <see cref="Size"/> behind the newest count as seen.
/// </summary>
internal sealed class ReplayWindow
{
    /// <summary>How many numbers behind the newest are told apart. A batch of segments may overtake another.</summary>
    public const ulong Size = (Words - 1) * BitsPerWord;

    private const int Words = 32;
    private const int BitsPerWord = 64;

    private readonly ulong[] _bits = new ulong[Words];

    /// <summary>One above the newest number that was marked; 0 while none was.</summary>
    private ulong _end;

    /// <summary>Whether a record with this number may still be new.</summary>
    public bool IsNew(ulong sequence)
    {
        if (sequence >= _end)
        {
            return true;
        }

        return _end - sequence <= Size && (_bits[WordIndex(sequence)] & Bit(sequence)) == 0;
    }

    /// <summary>Marks a number as seen. Call it only after the record was authenticated.</summary>
    public void Mark(ulong sequence)
    {
        if (sequence >= _end)
        {
            ulong newest = sequence / BitsPerWord;
            ulong word = _end == 0 ? 0 : (_end - 1) / BitsPerWord + 1;
            for (word = Math.Max(word, newest >= Words ? newest - Words + 1 : 0); word <= newest; word++)
            {
                _bits[word % Words] = 0;
            }

            _end = sequence + 1;
        }

        _bits[WordIndex(sequence)] |= Bit(sequence);
    }

    private static int WordIndex(ulong sequence) => (int)(sequence / BitsPerWord % Words);

    private static ulong Bit(ulong sequence) => 1UL << (int)(sequence % BitsPerWord);
}
