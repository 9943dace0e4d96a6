namespace EGoat.WebRtc.Sctp.Socket;

/// <summary>What to do with a valid COOKIE ECHO while an association exists (RFC 9260 section 5.2.4, table 12).</summary>
internal enum CookieAction
{
    /// <summary>Action A: the peer has restarted.</summary>
    Restart,

    /// <summary>Action B: both sides sent INIT at once; the cookie has the peer's newer tag.</summary>
    SimultaneousOpen,

    /// <summary>Action D: the cookie of this very association.</summary>
    Acknowledge,

    /// <summary>Action C, and whatever the table does not list.</summary>
    Discard,
}

/// <summary>Table 12 of RFC 9260 as a function.</summary>
internal static class CookieActions
{
    public static CookieAction Decide(in StateCookie cookie, uint localTag, uint peerTag) => (cookie.LocalTag == localTag, cookie.PeerTag == peerTag) switch
    {
        (false, false) when cookie.LocalTieTag == localTag && cookie.PeerTieTag == peerTag => CookieAction.Restart,
        (true, false) => CookieAction.SimultaneousOpen,
        (true, true) => CookieAction.Acknowledge,
        _ => CookieAction.Discard,
    };
}
