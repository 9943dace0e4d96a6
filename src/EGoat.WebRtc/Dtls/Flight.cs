namespace EGoat.WebRtc.Dtls;

/// <summary>
/// Messages that are sent, and if need be sent again, together (RFC 6347 section 4.2.4), and how far into them this
/// transmission is.
/// </summary>
internal sealed class Flight
{
    private readonly List<Entry> _entries = [];
    private int _entry;
    private int _offset;

    /// <summary>Grows with every new flight.</summary>
    public int Number { get; private set; }

    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Whether something of this transmission is left to write.</summary>
    public bool HasMore => _entry < _entries.Count;

    public Entry Current => _entries[_entry];

    /// <summary>Where the next fragment of <see cref="Current"/> begins.</summary>
    public int Offset => _offset;

    /// <summary>Begins the next flight: the peer has answered this one.</summary>
    public void Clear()
    {
        Number++;
        _entries.Clear();
        Rewind();
    }

    /// <summary>Adds a record's content: a whole handshake message with its header, or a ChangeCipherSpec.</summary>
    public void Add(ContentType type, ushort epoch, byte[] bytes) => _entries.Add(new Entry(type, epoch, bytes));

    /// <summary>Everything is to be sent again.</summary>
    public void Rewind() => (_entry, _offset) = (0, 0);

    /// <summary>A fragment was written.</summary>
    public void Advance(int length)
    {
        _offset += length;
        if (_offset >= Current.BodyLength)
        {
            _entry++;
            _offset = 0;
        }
    }

    /// <summary>What it holds, by the names of the messages.</summary>
    public override string ToString() => string.Join(", ", _entries.Select(e => e.Type == ContentType.Handshake ? $"{(HandshakeType)e.Bytes[0]}" : $"{e.Type}"));

    internal readonly record struct Entry(ContentType Type, ushort Epoch, byte[] Bytes)
    {
        public int BodyLength => Type == ContentType.Handshake ? Bytes.Length - HandshakeHeader.EncodedLength : Bytes.Length;
    }
}
