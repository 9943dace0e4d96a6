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

    public int Transmissions;
    public TimeSpan SentAt;

    /// <summary>Grows with every transmission: tells what was sent later than this chunk was sent last.</summary>
    public long SendOrder;

    /// <summary>While in flight: the TSNs of the chunks that were sent before and after it; -1 at the ends.</summary>
    public long Earlier;
    public long Later;

    /// <summary>While acknowledged: all TSNs up to this one are acknowledged too. Lets a SACK that repeats a long gap block cost nothing.</summary>
    public long AcknowledgedThrough;
}
