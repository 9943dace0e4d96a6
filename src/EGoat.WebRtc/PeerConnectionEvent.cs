using EGoat.WebRtc.DataChannels;

namespace EGoat.WebRtc;

/// <summary>What a connection reports.</summary>
public enum PeerConnectionEventType
{
    /// <summary><see cref="PeerConnection.State"/> changed.</summary>
    StateChanged,

    /// <summary>Data goes over another pair of addresses.</summary>
    SelectedPairChanged,

    /// <summary>Something happened to a channel: <see cref="PeerConnectionEvent.Channel"/>.</summary>
    Channel,
}

/// <summary>An event of a connection.</summary>
/// <param name="Type">What happened.</param>
/// <param name="State">The state that the connection had then.</param>
/// <param name="Channel">For <see cref="PeerConnectionEventType.Channel"/>: what, and to which.</param>
public readonly record struct PeerConnectionEvent(PeerConnectionEventType Type, PeerConnectionState State, DataChannelEvent Channel);
