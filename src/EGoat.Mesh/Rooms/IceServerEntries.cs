using EGoat.Signaling;
using EGoat.WebRtc.Ice;

namespace EGoat.Mesh;

/// <summary>STUN and TURN servers as a signaling server tells them to its members, and back.</summary>
public static class IceServerEntries
{
    /// <summary>The entries that tell of servers, one for each.</summary>
    public static IReadOnlyList<IceServerEntry> From(IEnumerable<IceServer> servers) =>
        [.. servers.Select(s => new IceServerEntry([s.ToString()], s.IsTurn ? s.Username : null, s.IsTurn ? s.Credential : null))];

    /// <summary>The servers that entries tell of, one for each URL.</summary>
    /// <param name="entries">What a signaling server has told.</param>
    /// <param name="reject">Takes each URL that is none of a STUN or TURN server; the others are used.</param>
    internal static IReadOnlyList<IceServer> Read(IEnumerable<IceServerEntry> entries, Action<string> reject)
    {
        var servers = new List<IceServer>();
        foreach ((IceServerEntry entry, string url) in entries.SelectMany(e => e.Urls.Select(url => (e, url))))
        {
            if (IceServer.TryParse(url, entry.Username, entry.Credential, out IceServer? server))
            {
                servers.Add(server);
            }
            else
            {
                reject(url);
            }
        }

        return servers;
    }
}
