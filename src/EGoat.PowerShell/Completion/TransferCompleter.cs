using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>Completes the ids of transfers that are under way.</summary>
public sealed class TransferCompleter : LiveCompleter
{
    private protected override IEnumerable<CompletionResult> Find(IReadOnlyList<Room> rooms, string word) => rooms
        .SelectMany(r => r.Transfers)
        .Where(t => !t.IsEnded && t.Id.StartsWith(word, StringComparison.OrdinalIgnoreCase))
        .GroupBy(t => t.Id)
        .Select(files =>
        {
            EGoatTransfer first = files.First();
            string what = files.Skip(1).Any() ? $"{first.Name} and {files.Count() - 1} more" : first.Name;
            string who = $"{(first.Direction == EGoatDirection.Sent ? "to" : "from")} {first.Peer}";
            return Create(first.Id, $"{first.Id} ({what} {who})", $"{what} {who}, {first.State} in {first.Room}");
        });
}
