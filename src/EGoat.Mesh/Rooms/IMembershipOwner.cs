using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh;

/// <summary>What a <see cref="Membership"/> tells. Never called under a lock.</summary>
internal interface IMembershipOwner
{
    /// <summary>What is said first to a peer.</summary>
    HelloMessage CreateHello();

    /// <summary>A peer has said who it is for the first time.</summary>
    void OnMet(Peer peer);

    /// <summary>A peer is no longer a member.</summary>
    void OnRemoved(Peer peer);

    /// <summary>A peer says something other than hello and bye.</summary>
    ValueTask OnMessageAsync(Peer peer, ControlMessage message);

    /// <summary>A peer has opened a channel for a transfer. False refuses it.</summary>
    bool OnFileChannel(Peer peer, RtcDataChannel channel);
}
