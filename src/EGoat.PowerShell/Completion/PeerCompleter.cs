using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>
/// Completes members of joined rooms: by their names, and by their identities where the word is the beginning of one, or where
/// a name does not say who is meant because several have it or because it does not show as it is.
/// </summary>
public sealed class PeerCompleter : LiveCompleter
{
    private protected override IEnumerable<CompletionResult> Find(IReadOnlyList<Room> rooms, string word)
    {
        // An identity is there once however many rooms it is in.
        EGoatPeer[] peers = [.. rooms.SelectMany(r => r.Peers).Where(p => p.Identity.Length > 0).DistinctBy(p => p.Identity)];
        ILookup<string, EGoatPeer> byName = peers.ToLookup(p => p.Name, StringComparer.OrdinalIgnoreCase);
        foreach (EGoatPeer peer in peers)
        {
            bool isNamed = peer.Name.Length > 0 && VisibleText.IsClean(peer.Name) && byName[peer.Name].Count() == 1;
            string toolTip = $"{peer.Name} ({peer.Identity}), {peer.State} in {peer.Room}";
            if (isNamed && peer.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                yield return Create(peer.Name, peer.Name, toolTip);
            }
            else if (peer.Identity.StartsWith(word, StringComparison.Ordinal) || (!isNamed && peer.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase)))
            {
                yield return Create(peer.Identity, $"{peer.Identity} ({peer.Name})", toolTip);
            }
        }
    }
}
