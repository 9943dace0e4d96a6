namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>What became of a chunk that was sent.</summary>
internal enum ChunkState : byte
{
    InFlight,

    /// <summary>A gap block covers it.</summary>
    Acknowledged,

    /// <summary>It counts as lost and will be sent again.</summary>
    Lost,

    /// <summary>Its message was given up.</summary>
    Abandoned,
}

/// <summary>A sent fragment, until the cumulative TSN passes it. Its bytes are a slice of its message.</summary>
internal struct OutstandingChunk
{
    public OutboundMessage Message;
    public int Offset;
    public int Length;
    public uint FragmentNumber;
    public byte Flags;
    public ChunkState State;

    /// <summary>SACKs that showed later sent chunks to have arrived (RFC 9260 section 7.2.4).</summary>
    public byte MissIndications;
    public int Transmissions;
    public TimeSpan SentAt;

    /// <summary>Grows with every transmission: tells what was sent later than this chunk was sent last.</summary>
    public long SendOrder;
}
