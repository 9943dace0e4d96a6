using System.Buffers;
using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>RFC 4648 base32 in lower case without padding, the form of peer ids, identity ids and instances (docs/protocol.md §1).</summary>
public static class Base32
{
    /// <summary>The length in characters of an id of 16 bytes.</summary>
    public const int IdLength = 26;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly SearchValues<char> AlphabetValues = SearchValues.Create(Alphabet);

    /// <summary>Encodes <paramref name="bytes"/>.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[((bytes.Length * 8) + 4) / 5];
        uint bits = 0;
        int count = 0;
        int written = 0;
        foreach (byte b in bytes)
        {
            bits = (bits << 8) | b;
            count += 8;
            while (count >= 5)
            {
                count -= 5;
                text[written++] = Alphabet[(int)(bits >> count) & 31];
            }
        }

        if (count > 0)
        {
            text[written] = Alphabet[(int)(bits << (5 - count)) & 31];
        }

        return new string(text);
    }

    /// <summary>A new random id: 16 bytes from the operating system.</summary>
    public static string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return Encode(bytes);
    }

    /// <summary>Whether <paramref name="text"/> has the form of an id: 26 characters of the alphabet.</summary>
    public static bool IsId(ReadOnlySpan<char> text) => text.Length == IdLength && !text.ContainsAnyExcept(AlphabetValues);
}
