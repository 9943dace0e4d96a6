namespace EGoat.WebRtc.Ice;

/// <summary>The state of an ICE agent (W3C RTCIceTransportState).</summary>
public enum IceConnectionState
{
    /// <summary>Waiting for the peer's credentials or candidates.</summary>
    New,

    /// <summary>Connectivity checks run, and no pair works yet.</summary>
    Checking,

    /// <summary>A pair works.</summary>
    Connected,

    /// <summary>The peer has not answered for a while; it may come back.</summary>
    Disconnected,

    /// <summary>No pair works, or consent expired (RFC 7675). Only a restart helps.</summary>
    Failed,

    /// <summary>This side closed it.</summary>
    Closed,
}
