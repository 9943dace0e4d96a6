using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>The members of a room that a command names, or all of them; who is not there yet is waited for.</summary>
/// <param name="room">The room.</param>
/// <param name="to">Names with wildcards, peer ids or identities; none means everybody.</param>
/// <param name="acceptingFiles">Only those that accept files count.</param>
internal sealed class Receivers(Room room, IReadOnlyList<string> to, bool acceptingFiles)
{
    private readonly NamePattern[] _patterns = [.. to.Select(t => new NamePattern(t))];

    /// <summary>Who is meant and there, once each.</summary>
    public IReadOnlyList<EGoatPeer> Found { get; private set; } = [];

    /// <summary>What was given and means nobody who is there.</summary>
    public IReadOnlyList<string> Missing { get; private set; } = [];

    /// <summary>Looks who is there now.</summary>
    /// <returns>Whether nobody has to be waited for.</returns>
    public bool Look()
    {
        EGoatPeer[] peers = [.. room.Peers.Where(p => p.State != EGoatPeerState.Left)];
        EGoatPeer[] there = [.. peers.Where(p => acceptingFiles ? p is { State: EGoatPeerState.Connected, AcceptsFiles: true } : _patterns.Length == 0 || p.State == EGoatPeerState.Connected)];
        Missing = [.. _patterns.Where(n => !there.Any(n.IsPeer)).Select(n => n.Text)];
        Found = [.. there.Where(p => _patterns.Length == 0 || _patterns.Any(n => n.IsPeer(p)))];
        return _patterns.Length > 0 ? Missing.Count == 0 : Found.Count > 0 || !peers.Any(p => p.State == EGoatPeerState.Connecting);
    }

    /// <summary>Waits for those whom the command names; for everybody only while a member is still connecting.</summary>
    public Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken) => PeerWait.RunAsync(room, Look, timeout, cancellationToken);
}
