using EGoat.Mesh.Protocol;
using EGoat.WebRtc.Sockets;

namespace EGoat.Mesh.Peers;

/// <summary>What a <see cref="PeerSession"/> tells. Called in order for a session, never under a lock.</summary>
internal interface ISessionOwner
{
    /// <summary>Runs what the session does not wait for.</summary>
    BackgroundTasks Background { get; }

    /// <summary>Cancelled when nobody needs the session's channels any longer.</summary>
    CancellationToken Stopping { get; }

    /// <summary>What is said to the peer first.</summary>
    HelloMessage CreateHello();

    /// <summary>The peer has said who it is, or something else of it has changed. False ends the session.</summary>
    bool OnHello(PeerSession session);

    /// <summary>The peer has fallen silent, or is heard again.</summary>
    void OnChanged(PeerSession session);

    /// <summary>The connection has ended by itself.</summary>
    /// <param name="session">The session.</param>
    /// <param name="reason">Why; null when the peer has closed it on purpose.</param>
    void OnEnded(PeerSession session, string? reason);

    /// <summary>The peer, which has said hello, says something else.</summary>
    ValueTask OnMessageAsync(PeerSession session, ControlMessage message);

    /// <summary>The peer has opened a channel other than the control channel. False refuses it.</summary>
    bool OnFileChannel(PeerSession session, RtcDataChannel channel);

    /// <summary>The peer must be told of a local candidate.</summary>
    ValueTask OnCandidateAsync(PeerSession session, string candidate);

    /// <summary>Something that people should know.</summary>
    void Warn(string text);
}
