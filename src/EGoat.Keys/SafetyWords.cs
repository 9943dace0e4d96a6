using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>
/// Six words for two identities, the same on both sides. Two people who read them to each other know that nobody stands between
/// them (docs/protocol.md §5).
/// </summary>
public static class SafetyWords
{
    /// <summary>How many words there are.</summary>
    public const int Count = 6;

    /// <summary>How often the hash is repeated, so that somebody in the middle cannot try out identities until two pairs agree.</summary>
    private const int Iterations = 100_000;

    /// <summary>The words of two identities, in either order.</summary>
    /// <param name="identity">An identity id.</param>
    /// <param name="other">Another one.</param>
    /// <exception cref="ArgumentException">The two are the same, or one is empty.</exception>
    public static IReadOnlyList<string> Of(string identity, string other)
    {
        ArgumentException.ThrowIfNullOrEmpty(identity);
        ArgumentException.ThrowIfNullOrEmpty(other);
        int order = string.CompareOrdinal(identity, other);
        if (order == 0)
        {
            throw new ArgumentException("Safety words are those of two different identities.", nameof(other));
        }

        byte[] pair = order < 0 ? Fields.Join(Fields.Of(identity), Fields.Of(other)) : Fields.Join(Fields.Of(other), Fields.Of(identity));
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2(pair, Fields.Of("egoat/2 safety words"), Iterations, HashAlgorithmName.SHA256, ((Count * WordList.BitsPerWord) + 7) / 8);
        var words = new string[Count];
        int bits = 0;
        int available = 0;
        int at = 0;
        for (int i = 0; i < Count; i++)
        {
            while (available < WordList.BitsPerWord)
            {
                bits = ((bits << 8) | hash[at++]) & 0x3FFFF;
                available += 8;
            }

            available -= WordList.BitsPerWord;
            words[i] = WordList.Words[(bits >> available) & (WordList.Size - 1)];
        }

        return words;
    }
}
