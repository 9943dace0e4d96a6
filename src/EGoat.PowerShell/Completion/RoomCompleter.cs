using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>Completes the names of joined rooms.</summary>
public sealed class RoomCompleter : LiveCompleter
{
    private protected override IEnumerable<CompletionResult> Find(IReadOnlyList<Room> rooms, string word) => rooms
        .Where(r => r.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
        .Select(r => Create(r.Name, r.Name, $"{r.Name} on {r.Server}"));
}
