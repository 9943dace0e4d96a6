using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using EGoat.Mesh;
using EGoat.Node;

namespace EGoat.PowerShell;

/// <summary>
/// Completes a parameter from what this process has joined. A key press opens no installation: where none is open, nothing is
/// offered.
/// </summary>
public abstract class LiveCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = (wordToComplete ?? "").Trim('\'', '"');
        string? name = parameterName == "Room" ? null : fakeBoundParameters?["Room"]?.ToString();
        Room[] rooms = [.. (EGoatNode.Shared?.Rooms ?? []).Where(r => name is null || r.Name.Equals(name, StringComparison.OrdinalIgnoreCase))];
        return [.. Find(rooms, word)];
    }

    /// <summary>What begins with a word.</summary>
    private protected abstract IEnumerable<CompletionResult> Find(IReadOnlyList<Room> rooms, string word);

    /// <summary>An argument, quoted where it must be, with what people see of it.</summary>
    private protected static CompletionResult Create(string argument, string shown, string toolTip)
    {
        bool isPlain = argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && argument[0] != '-';
        string text = isPlain ? argument : $"'{CodeGeneration.EscapeSingleQuotedStringContent(argument)}'";
        return new CompletionResult(text, VisibleText.Line(shown), CompletionResultType.ParameterValue, VisibleText.Line(toolTip));
    }
}
