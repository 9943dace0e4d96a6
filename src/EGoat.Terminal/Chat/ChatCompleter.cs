namespace EGoat.Terminal;

/// <summary>What Tab puts in place: commands, names of members, paths.</summary>
/// <param name="getNames">The members' names.</param>
public sealed class ChatCompleter(Func<IEnumerable<string>> getNames)
{
    /// <summary>Finds what may stand at the cursor.</summary>
    /// <param name="text">What is typed.</param>
    /// <param name="cursor">The cursor.</param>
    public Completion? Complete(string text, int cursor)
    {
        ArgumentNullException.ThrowIfNull(text);
        string before = text[..cursor];
        if (before.StartsWith('/') && !before.StartsWith("//", StringComparison.Ordinal))
        {
            int space = before.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0)
            {
                return Create(0, before, ChatCommands.Names.Where(n => n.StartsWith(before, StringComparison.Ordinal)).Select(n => $"{n} "));
            }

            int start = space + 1;
            string argument = before[start..];
            return before[..space] switch
            {
                "/file" or "/send" => Create(start, argument, ChatPath.Complete(argument)),
                "/to" => Create(start, argument, Names(argument).Select(n => $"{n} ")),
                _ => null,
            };
        }

        int word = before.LastIndexOfAny([' ', '\n']) + 1;
        string begun = before[word..].TrimStart('@');
        return begun.Length == 0 ? null : Create(cursor - begun.Length, begun, Names(begun).Select(n => word == 0 ? $"{n}: " : $"{n} "));
    }

    private static Completion? Create(int start, string typed, IEnumerable<string> candidates) =>
        candidates.Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } list ? new Completion(start, typed.Length, list) : null;

    private IEnumerable<string> Names(string start) => getNames().Where(n => n.Length > 0 && VisibleText.IsClean(n) && n.StartsWith(start, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.OrdinalIgnoreCase);
}
