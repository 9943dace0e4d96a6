using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using EGoat.Node;

namespace EGoat.PowerShell;

/// <summary>Completes the names of joined rooms.</summary>
public sealed class RoomCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        EGoatNode node = EGoatNode.GetSharedAsync(CancellationToken.None).GetAwaiter().GetResult();
        return node.Rooms
            .Select(r => r.Name)
            .Where(name => name.StartsWith(wordToComplete ?? "", StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(name));
    }
}
