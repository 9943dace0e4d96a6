using System.Buffers;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Rx;

/// <summary>
/// Turns fragments, in whatever order they come, into messages: first joins those of a message, then puts the messages
/// of each ordered stream in order (RFC 9260 sections 6.5, 6.6 and 6.9, RFC 8260 section 2.3).
/// </summary>
/// <remarks>
/// A fragment is found by its predecessor: every unfinished message waits under the key of the fragment that it needs
/// next, so that the usual case, the next fragment of the message that came last, touches no dictionary. Knows nothing of
/// acknowledgements; is given each TSN once.
/// </remarks>
internal sealed class ReassemblyQueue(int maxMessageSize)
{
    /// <summary>What a fragment or message costs beside its bytes, so that empty ones fill the window too.</summary>
    public const int Overhead = 64;

    private readonly Dictionary<FragmentKey, MessageAssembly> _assemblies = [];
    private readonly Dictionary<FragmentKey, PendingFragment> _pending = [];
    private readonly Dictionary<ushort, InboundStream> _streams = [];
    private readonly Queue<SctpMessage> _ready = new();
    private readonly Stack<MessageAssembly> _free = new();

    /// <summary>The assembly that grew last, and the key it waits for; not in <see cref="_assemblies"/>.</summary>
    private MessageAssembly? _current;
    private FragmentKey _currentKey;

    /// <summary>Bytes of fragments and messages that have not been taken, with their overhead.</summary>
    public long BufferedBytes { get; private set; }

    /// <summary>Messages taken so far, and those that have become ready: what lies between waits.</summary>
    public long TakenCount { get; private set; }

    public long ReadyCount => TakenCount + _ready.Count;

    /// <summary>Takes a fragment. Returns null, or why the peer breaks the protocol.</summary>
    public string? Add(in DataChunk chunk, long tsn)
    {
        FragmentKey key = FragmentKey.Of(chunk, tsn);
        MessageAssembly? assembly;
        if (chunk.IsBegin)
        {
            if (!chunk.IsEnd && IsSkipped(chunk))
            {
                return null;
            }

            assembly = _free.TryPop(out MessageAssembly? free) ? free : new MessageAssembly();
            assembly.Begin(chunk);
            BufferedBytes += Overhead;
        }
        else if (!TryTakeAssembly(key, out assembly))
        {
            if (IsSkipped(chunk))
            {
                return null;
            }

            if (!_pending.TryAdd(key, PendingFragment.Copy(chunk)))
            {
                return "two fragments with one number";
            }

            BufferedBytes += chunk.Payload.Length + Overhead;
            return null;
        }
        else if (assembly!.StreamId != chunk.StreamId || assembly.IsUnordered != chunk.IsUnordered || (!chunk.IsUnordered && assembly.MessageNumber != chunk.MessageNumber))
        {
            return "a fragment that continues another message";
        }

        BufferedBytes += chunk.Payload.Length;
        assembly!.Append(chunk.Payload);
        return Continue(assembly, key, chunk.IsEnd);
    }

    /// <summary>Takes the next message in order. Its bytes still count as buffered until <see cref="Release"/>.</summary>
    public bool TryTake(out SctpMessage message)
    {
        bool isTaken = _ready.TryDequeue(out message);
        TakenCount += isTaken ? 1 : 0;
        return isTaken;
    }

    /// <summary>The application has consumed a message: the window opens.</summary>
    public void Release(int length) => BufferedBytes -= length + Overhead;

    /// <summary>The peer has reset its outgoing streams (RFC 6525 section 5.2.2): numbers start at 0 again.</summary>
    public void ResetStreams(ReadOnlySpan<ushort> streamIds)
    {
        if (streamIds.IsEmpty)
        {
            foreach (InboundStream stream in _streams.Values)
            {
                Reset(stream);
            }
        }

        foreach (ushort id in streamIds)
        {
            if (_streams.Remove(id, out InboundStream? stream))
            {
                Reset(stream);
            }
        }
    }

    /// <summary>
    /// The sender has given up all TSNs up to one, and of each of these streams the messages up to a number (RFC 3758 section 3.6,
    /// RFC 8260 section 2.3.1): what is left of them is dropped, what waited for them is delivered. However many streams there
    /// are, it costs one look at each unfinished message.
    /// </summary>
    public void Skip(long tsn, ReadOnlySpan<SkippedStream> streams)
    {
        var ordered = new SortedDictionary<ushort, long>();
        var unordered = new Dictionary<ushort, uint>();
        foreach (SkippedStream skipped in streams)
        {
            InboundStream stream = GetStream(skipped.StreamId);
            if (skipped.IsUnordered)
            {
                unordered[skipped.StreamId] = skipped.MessageNumber;
                stream.LastSkippedUnordered = skipped.MessageNumber;
            }
            else
            {
                long number = stream.Unwrap(skipped.MessageNumber, skipped.IsInterleaved);
                ordered[skipped.StreamId] = Math.Max(number, ordered.GetValueOrDefault(skipped.StreamId, number));
            }
        }

        DiscardSkipped(tsn, ordered, unordered);
        foreach ((ushort id, long number) in ordered)
        {
            SkipOrdered(_streams[id], number);
        }
    }

    // Whole messages that waited for what was given up are delivered (RFC 3758 section 3.6).
    private void SkipOrdered(InboundStream stream, long number)
    {
        foreach (long early in stream.Waiting.Keys.Where(n => n <= number).Order().ToArray())
        {
            stream.Waiting.Remove(early, out SctpMessage message);
            _ready.Enqueue(message);
        }

        stream.Next = Math.Max(stream.Next, number + 1);
        ReleaseReady(stream);
    }

    private void DiscardSkipped(long tsn, SortedDictionary<ushort, long> ordered, Dictionary<ushort, uint> unordered)
    {
        bool IsGivenUp(ushort streamId, bool isUnordered, uint number, bool isInterleaved) => isUnordered
            ? unordered.TryGetValue(streamId, out uint last) && SerialNumber.Unwrap(number, last) <= last
            : ordered.TryGetValue(streamId, out long through) && _streams[streamId].Unwrap(number, isInterleaved) <= through;

        foreach ((FragmentKey key, PendingFragment fragment) in _pending)
        {
            if (key.IsTsn ? (long)key.Number <= tsn : IsGivenUp(key.StreamId, key.IsUnordered, key.MessageNumber, true))
            {
                _pending.Remove(key);
                Discard(fragment);
            }
        }

        // The end of a message that was given up may have come: its sender skips up to the last TSN that had not.
        for (FragmentKey next = FragmentKey.OfTsn(tsn + 1); _pending.Remove(next, out PendingFragment fragment); next = next.Next)
        {
            Discard(fragment);
        }

        ParkCurrent();
        foreach ((FragmentKey key, MessageAssembly assembly) in _assemblies)
        {
            if ((key.IsTsn && (long)key.Number <= tsn) || IsGivenUp(assembly.StreamId, assembly.IsUnordered, assembly.MessageNumber, !key.IsTsn))
            {
                Discard(key, assembly);
            }
        }
    }

    // Interleaved, a fragment of a message may come after the message was skipped: TSNs of other messages lie between.
    private bool IsSkipped(in DataChunk chunk) =>
        chunk.IsInterleaved && _streams.TryGetValue(chunk.StreamId, out InboundStream? stream) && (chunk.IsUnordered
            ? stream.LastSkippedUnordered is { } last && SerialNumber.Unwrap(chunk.MessageNumber, last) <= last
            : stream.Unwrap(chunk.MessageNumber, true) < stream.Next);

    private bool TryTakeAssembly(FragmentKey key, out MessageAssembly? assembly)
    {
        if (_current is not null && _currentKey == key)
        {
            (assembly, _current) = (_current, null);
            return true;
        }

        return _assemblies.Remove(key, out assembly);
    }

    private string? Continue(MessageAssembly assembly, FragmentKey key, bool isEnd)
    {
        while (!isEnd)
        {
            key = key.Next;
            if (!_pending.Remove(key, out PendingFragment fragment))
            {
                ParkCurrent();
                (_current, _currentKey) = (assembly, key);
                return assembly.Length > maxMessageSize ? "a message above the announced size" : null;
            }

            BufferedBytes -= Overhead;
            assembly.Append(fragment.Payload);
            fragment.Return();
            isEnd = fragment.IsEnd;
        }

        if (assembly.Length > maxMessageSize)
        {
            return "a message above the announced size";
        }

        Order(assembly.IsUnordered, assembly.MessageNumber, key.IsTsn, assembly.Complete());
        _free.Push(assembly);
        return null;
    }

    private void ParkCurrent()
    {
        if (_current is not null)
        {
            // Two first fragments of one message: the older one is given up.
            if (_assemblies.TryGetValue(_currentKey, out MessageAssembly? twin))
            {
                Discard(_currentKey, twin);
            }

            _assemblies.Add(_currentKey, _current);
            _current = null;
        }
    }

    private void Order(bool isUnordered, uint messageNumber, bool isTsnKeyed, SctpMessage message)
    {
        if (isUnordered)
        {
            _ready.Enqueue(message);
            return;
        }

        InboundStream stream = GetStream(message.StreamId);
        long number = stream.Unwrap(messageNumber, !isTsnKeyed);
        if (number == stream.Next)
        {
            _ready.Enqueue(message);
            stream.Next++;
            ReleaseReady(stream);
        }
        else if (number < stream.Next || !stream.Waiting.TryAdd(number, message))
        {
            message.Return(); // a message that was given up, and came all the same
            BufferedBytes -= message.Length + Overhead;
        }
    }

    private void ReleaseReady(InboundStream stream)
    {
        while (stream.Waiting.Count > 0 && stream.Waiting.Remove(stream.Next, out SctpMessage next))
        {
            _ready.Enqueue(next);
            stream.Next++;
        }
    }

    private InboundStream GetStream(ushort id)
    {
        if (!_streams.TryGetValue(id, out InboundStream? stream))
        {
            stream = _streams[id] = new InboundStream();
        }

        return stream;
    }

    private void Reset(InboundStream stream)
    {
        foreach (SctpMessage message in stream.Waiting.Values)
        {
            message.Return();
            BufferedBytes -= message.Length + Overhead;
        }

        stream.Waiting.Clear();
        stream.Next = 0;
        stream.LastSkippedUnordered = null;
    }

    private void Discard(in PendingFragment fragment)
    {
        fragment.Return();
        BufferedBytes -= fragment.Length + Overhead;
    }

    private void Discard(FragmentKey key, MessageAssembly assembly)
    {
        _assemblies.Remove(key);
        BufferedBytes -= assembly.Length + Overhead;
        assembly.Discard();
        _free.Push(assembly);
    }

    /// <summary>Where a fragment stands: a TSN (DATA), or stream, order, MID and FSN (I-DATA).</summary>
    private readonly record struct FragmentKey(int Space, ulong Number)
    {
        private const int TsnSpace = -1;

        public bool IsTsn => Space == TsnSpace;

        /// <summary>The MID (I-DATA).</summary>
        public uint MessageNumber => (uint)(Number >> 32);

        public FragmentKey Next => this with { Number = Number + 1 };

        /// <summary>The stream (I-DATA).</summary>
        public ushort StreamId => (ushort)(Space >> 1);

        /// <summary>Whether it is of an unordered message (I-DATA).</summary>
        public bool IsUnordered => (Space & 1) != 0;

        public static FragmentKey Of(in DataChunk chunk, long tsn) => chunk.IsInterleaved
            ? new FragmentKey(SpaceOf(chunk.StreamId, chunk.IsUnordered), ((ulong)chunk.MessageNumber << 32) | chunk.FragmentNumber)
            : OfTsn(tsn);

        public static FragmentKey OfTsn(long tsn) => new(TsnSpace, (ulong)tsn);

        private static int SpaceOf(ushort streamId, bool isUnordered) => (streamId << 1) | (isUnordered ? 1 : 0);
    }

    /// <summary>A fragment whose predecessor has not come.</summary>
    private readonly record struct PendingFragment(byte[] Buffer, int Length, bool IsEnd)
    {
        public ReadOnlySpan<byte> Payload => Buffer.AsSpan(0, Length);

        public static PendingFragment Copy(in DataChunk chunk)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(chunk.Payload.Length);
            chunk.Payload.CopyTo(buffer);
            return new PendingFragment(buffer, chunk.Payload.Length, chunk.IsEnd);
        }

        public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
    }

    private sealed class InboundStream
    {
        /// <summary>The number of the next message to deliver, unwrapped.</summary>
        public long Next { get; set; }

        /// <summary>The last unordered message that was given up (I-DATA); null when none was.</summary>
        public uint? LastSkippedUnordered { get; set; }

        /// <summary>Whole messages that came too early.</summary>
        public Dictionary<long, SctpMessage> Waiting { get; } = [];

        public long Unwrap(uint number, bool isInterleaved) =>
            isInterleaved ? SerialNumber.Unwrap(number, Next) : SerialNumber.Unwrap((ushort)number, Next);
    }
}
