using EGoat.Keys;
using EGoat.Signaling;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sockets;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>Which room to join, where, and as whom.</summary>
public sealed record RoomOptions
{
    /// <summary>The signaling server, http or https; a fragment <c>#cert=…</c> pins its certificate.</summary>
    public required Uri Server { get; init; }

    /// <summary>The room's name; see <see cref="RoomName"/>. Of a room with a key it is what people call it, which the server never learns.</summary>
    public required string Room { get; init; }

    /// <summary>The room's key; null for an open room, which everybody can join who knows its name and server.</summary>
    public RoomKey? Key { get; init; }

    /// <summary>The name that others see. At most 256 characters.</summary>
    public required string DisplayName { get; init; }

    /// <summary>How long joining is tried while the signaling server is not there yet. Default 0: once.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.Zero;

    /// <summary>Takes the reason, in one line for people, when the signaling server is not there yet and joining goes on being tried. On any thread.</summary>
    public Action<string>? Retrying { get; init; }

    /// <summary>STUN and TURN servers to use instead of those that the signaling server names; null uses the latter.</summary>
    public IReadOnlyList<IceServer>? IceServers { get; init; }

    /// <summary>Whether peers are reached through TURN servers only, and never learn this machine's addresses. Default false.</summary>
    public bool RelayOnly { get; init; }

    /// <summary>The longest datagram that is tried on a path, in bytes; 1,200 are always used. Default: the longest there is.</summary>
    public int? MaxPacketSize { get; init; }

    /// <summary>Whether and where files are received; null rejects them.</summary>
    public ReceiveOptions? Receive { get; init; }

    /// <summary>Where the room tells what it does, for people who look for a fault. Default: nowhere.</summary>
    public Tracer? Tracer { get; init; }

    /// <summary>Texts that may wait for one identity until it is met again; beyond it the oldest are given up. Default 1,024.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>How long a text waits for an identity until it is given up. Default 7 days.</summary>
    public TimeSpan MaxWaitingAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The clock of the room: all its limits, pauses and times.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The peer id; null draws one. Which of two peers offers depends on it.</summary>
    internal string? PeerId { get; init; }

    /// <summary>Makes sockets to the signaling server; null makes WebSockets, on the system's clock.</summary>
    internal ISignalingConnector? Connector { get; init; }

    /// <summary>Makes what carries connections.</summary>
    internal Func<RtcHostOptions, IRtcHost> OpenHost { get; init; } = RtcHost.Open;
}
