using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>A name as users give it: literal, or with wildcards; case does not count.</summary>
internal sealed class NamePattern(string text)
{
    private readonly WildcardPattern _pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);

    /// <summary>What was given.</summary>
    public string Text { get; } = text;

    /// <summary>Whether it may match none without that being an error.</summary>
    public bool HasWildcard { get; } = WildcardPattern.ContainsWildcardCharacters(text);

    /// <summary>Whether a room is meant, by its name or id.</summary>
    public bool IsRoom(EGoatRoom room) => room.Id == Text || IsName(room.Name);

    /// <summary>Whether a member is meant, by its name, peer id or identity.</summary>
    public bool IsPeer(EGoatPeer peer) => peer.Id == Text || peer.Identity == Text || (peer.Name.Length > 0 && IsName(peer.Name));

    // A name that has brackets in it can be given as it stands.
    private bool IsName(string name) => name.Equals(Text, StringComparison.OrdinalIgnoreCase) || _pattern.IsMatch(name);
}
