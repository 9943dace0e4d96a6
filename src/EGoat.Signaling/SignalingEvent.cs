namespace EGoat.Signaling;

/// <summary>What a <see cref="SignalingClient"/> reports.</summary>
public abstract record SignalingEvent;

/// <summary>The room was joined, for the first time or again: who is there.</summary>
public sealed record SignalingJoined(IReadOnlyList<string> Peers, IReadOnlyList<IceServerEntry> IceServers, bool IsRejoin) : SignalingEvent;

/// <summary>Somebody has joined, and will make an offer.</summary>
public sealed record SignalingPeerJoined(string Peer) : SignalingEvent;

/// <summary>Somebody's socket is gone; a connection to it may well stand.</summary>
public sealed record SignalingPeerLeft(string Peer) : SignalingEvent;

/// <summary>A member says something about a connection.</summary>
public sealed record SignalingReceived(string From, string Data) : SignalingEvent;

/// <summary>The connection to the server is lost, told once for each loss; the client goes on trying until <see cref="SignalingJoined"/>.</summary>
public sealed record SignalingLost(string Reason) : SignalingEvent;

/// <summary>Something that the server does is not right, in one line for people; the client goes on.</summary>
public sealed record SignalingWarning(string Message) : SignalingEvent;

/// <summary>The server refuses for good; nothing follows.</summary>
public sealed record SignalingRefused(string Code, string Message) : SignalingEvent;
