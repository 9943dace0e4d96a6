namespace EGoat.WebRtc.Dtls;

/// <summary>
/// Puts the fragments of handshake messages together and the messages in order, however they come: split, overlapping,
/// repeated, reordered (RFC 6347 sections 4.2.2 and 4.2.3).
/// </summary>
internal sealed class HandshakeReassembler
{
    /// <summary>Longer messages are dropped: a certificate chain of a browser has 1 KiB.</summary>
    public const int MaxMessageLength = 16 * 1024;

    /// <summary>How far ahead of the next message fragments are kept. A flight has at most five messages.</summary>
    private const int Window = 8;

    private readonly PartialMessage?[] _partial = new PartialMessage?[Window];

    /// <summary>The sequence number of the message to read next.</summary>
    public int NextSequence { get; private set; }

    /// <summary>Keeps a fragment of a message that has not been read. Returns whether it is of one that has.</summary>
    public bool Add(in HandshakeHeader header, ReadOnlySpan<byte> fragment, bool isProtected)
    {
        if (header.MessageSequence < NextSequence)
        {
            return true;
        }

        if (header.MessageSequence < NextSequence + Window && header.Length <= MaxMessageLength)
        {
            ref PartialMessage? partial = ref _partial[header.MessageSequence % Window];
            partial ??= new PartialMessage(header.Type, header.Length);
            partial.Add(header, fragment, isProtected);
        }

        return false;
    }

    /// <summary>Takes the next message, if it is whole: its header as one fragment, and its body; and whether all of it came in epoch 1.</summary>
    public bool TryTake(out HandshakeType type, out byte[] message, out bool isProtected)
    {
        ref PartialMessage? partial = ref _partial[NextSequence % Window];
        if (partial is not { IsComplete: true })
        {
            type = default;
            message = [];
            isProtected = false;
            return false;
        }

        type = partial.Type;
        isProtected = partial.IsProtected;
        message = partial.Take((ushort)NextSequence);
        partial = null;
        NextSequence++;
        return true;
    }

    private sealed class PartialMessage(HandshakeType type, int length)
    {
        private readonly byte[] _bytes = new byte[HandshakeHeader.EncodedLength + length];

        /// <summary>Which bytes of the body have come: disjoint and ascending.</summary>
        private readonly List<(int Start, int End)> _received = [];

        public HandshakeType Type => type;

        public bool IsProtected { get; private set; } = true;

        public bool IsComplete => length == 0 || (_received.Count == 1 && _received[0] == (0, length));

        public void Add(in HandshakeHeader header, ReadOnlySpan<byte> fragment, bool isProtected)
        {
            if (header.Type != type || header.Length != length)
            {
                return;
            }

            IsProtected &= isProtected;
            if (fragment.IsEmpty)
            {
                return;
            }

            fragment.CopyTo(_bytes.AsSpan(HandshakeHeader.EncodedLength + header.FragmentOffset));
            int start = header.FragmentOffset;
            int end = start + fragment.Length;
            int at = 0;
            while (at < _received.Count && _received[at].End < start)
            {
                at++;
            }

            while (at < _received.Count && _received[at].Start <= end)
            {
                (start, end) = (Math.Min(start, _received[at].Start), Math.Max(end, _received[at].End));
                _received.RemoveAt(at);
            }

            _received.Insert(at, (start, end));
        }

        public byte[] Take(ushort sequence)
        {
            new HandshakeHeader(type, length, sequence, 0, length).Write(_bytes);
            return _bytes;
        }
    }
}
