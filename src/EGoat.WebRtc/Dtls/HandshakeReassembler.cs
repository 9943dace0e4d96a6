namespace EGoat.WebRtc.Dtls;

/// <summary>
/// Puts the fragments of handshake messages together and the messages in order, however they come: split, overlapping,
/// repeated, reordered (RFC 6347 sections 4.2.2 and 4.2.3).
/// </summary>
internal sealed class HandshakeReassembler
{
    /// <summary>Longer messages are dropped: a certificate chain of a browser has 1 KiB.</summary>
    public const int MaxMessageLength = 16 * 1024;

    /// <summary>
    /// What the bodies of all messages that wait may have together. Beyond it the messages furthest ahead are forgotten, and
    /// the peer's repetition brings them again; the message to read next always finds room.
    /// </summary>
    public const int MaxPendingBytes = 2 * MaxMessageLength;

    /// <summary>How far ahead of the next message fragments are kept. A flight has at most five messages.</summary>
    private const int Window = 8;

    /// <summary>The message with sequence number n is at n modulo <see cref="Window"/>.</summary>
    private readonly PartialMessage?[] _partial = new PartialMessage?[Window];

    /// <summary>The sequence number of the message to read next.</summary>
    public int NextSequence { get; private set; }

    /// <summary>The bytes set aside for the bodies of messages that wait, complete or not.</summary>
    public int PendingBytes { get; private set; }

    /// <summary>Keeps a fragment of a message that has not been read. Returns whether it is of one that has.</summary>
    public bool Add(in HandshakeHeader header, ReadOnlySpan<byte> fragment, bool isProtected)
    {
        if (header.MessageSequence < NextSequence)
        {
            return true;
        }

        if (header.MessageSequence < NextSequence + Window && header.Length <= MaxMessageLength
            && FindOrCreate(header, isProtected) is { } partial)
        {
            partial.Add(header.FragmentOffset, fragment);
        }

        return false;
    }

    /// <summary>Takes the next message, if it is whole: its header as one fragment, and its body; and whether all of it came in epoch 1.</summary>
    public bool TryTake(out HandshakeType type, out byte[] message, out bool isProtected)
    {
        if (_partial[NextSequence % Window] is not { IsComplete: true } partial)
        {
            type = default;
            message = [];
            isProtected = false;
            return false;
        }

        type = partial.Type;
        isProtected = partial.IsProtected;
        message = partial.Take((ushort)NextSequence);
        Forget(NextSequence);
        NextSequence++;
        return true;
    }

    // A fragment that contradicts what came before begins the message anew: the first to come need not be the honest one.
    // Only what is protected does not yield to what is not.
    private PartialMessage? FindOrCreate(in HandshakeHeader header, bool isProtected)
    {
        if (_partial[header.MessageSequence % Window] is { } existing)
        {
            if (existing.Type == header.Type && existing.Length == header.Length && existing.IsProtected == isProtected)
            {
                return existing;
            }

            if (existing.IsProtected && !isProtected)
            {
                return null;
            }

            Forget(header.MessageSequence);
        }

        for (int last = NextSequence + Window - 1; last > header.MessageSequence && PendingBytes + header.Length > MaxPendingBytes; last--)
        {
            Forget(last);
        }

        if (PendingBytes + header.Length > MaxPendingBytes)
        {
            return null;
        }

        PendingBytes += header.Length;
        return _partial[header.MessageSequence % Window] = new PartialMessage(header.Type, header.Length, isProtected);
    }

    private void Forget(int sequence)
    {
        ref PartialMessage? partial = ref _partial[sequence % Window];
        PendingBytes -= partial?.Length ?? 0;
        partial = null;
    }

    private sealed class PartialMessage(HandshakeType type, int length, bool isProtected)
    {
        private readonly byte[] _bytes = new byte[HandshakeHeader.EncodedLength + length];

        /// <summary>One bit for each byte of the body that has come: fragments of one byte in any order take no more room.</summary>
        private readonly byte[] _hasCome = new byte[(length + 7) / 8];

        private int _missing = length;

        public HandshakeType Type => type;

        public int Length { get; } = length;

        public bool IsProtected => isProtected;

        public bool IsComplete => _missing == 0;

        public void Add(int offset, ReadOnlySpan<byte> fragment)
        {
            fragment.CopyTo(_bytes.AsSpan(HandshakeHeader.EncodedLength + offset));
            for (int i = offset; i < offset + fragment.Length; i++)
            {
                int bit = 1 << (i % 8);
                _missing -= (_hasCome[i / 8] & bit) == 0 ? 1 : 0;
                _hasCome[i / 8] |= (byte)bit;
            }
        }

        public byte[] Take(ushort sequence)
        {
            new HandshakeHeader(type, Length, sequence, 0, Length).Write(_bytes);
            return _bytes;
        }
    }
}
