namespace EGoat.WebRtc.Tracing;

/// <summary>Which part tells.</summary>
public enum TraceCategory
{
    /// <summary>A connection as a whole, and its sockets.</summary>
    Connection,

    /// <summary>Candidates, checks, pairs, consent.</summary>
    Ice,

    /// <summary>Handshake and alerts.</summary>
    Dtls,

    /// <summary>The association: its handshake, timeouts, end.</summary>
    Sctp,

    /// <summary>Data channels.</summary>
    Channel,

    /// <summary>What goes through the signaling server.</summary>
    Signaling,

    /// <summary>Files.</summary>
    Transfer,
}
