namespace EGoat.WebRtc.Dtls;

/// <summary>What happened to a connection.</summary>
internal enum DtlsEventKind
{
    /// <summary>The handshake is done; <see cref="DtlsConnection.RemoteCertificate"/> is verified.</summary>
    Connected,

    /// <summary>The peer sent close_notify.</summary>
    Closed,

    /// <summary>A fatal error; <see cref="DtlsEvent.Reason"/> says which. Comes at most once and is the last event.</summary>
    Failed,
}

/// <summary>One entry of the event queue of a <see cref="DtlsConnection"/>.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Reason">For <see cref="DtlsEventKind.Failed"/> a sentence for a log, else null.</param>
internal readonly record struct DtlsEvent(DtlsEventKind Kind, string? Reason = null);
