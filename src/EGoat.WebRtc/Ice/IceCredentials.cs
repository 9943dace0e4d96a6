using System.Text;

namespace EGoat.WebRtc.Ice;

/// <summary>The user fragment and password that protect connectivity checks (RFC 8445 section 5.3, RFC 8839 section 5.4).</summary>
/// <param name="UsernameFragment">4 to 256 characters of letters, digits, '+' and '/'.</param>
/// <param name="Password">22 to 256 characters of the same.</param>
public sealed record IceCredentials(string UsernameFragment, string Password)
{
    private const int UsernameFragmentLength = 8;
    private const int PasswordLength = 24;

    internal byte[] UsernameFragmentBytes { get; } = Encoding.ASCII.GetBytes(UsernameFragment);

    internal byte[] PasswordBytes { get; } = Encoding.ASCII.GetBytes(Password);

    /// <summary>Whether both have the same user fragment and password.</summary>
    public bool Equals(IceCredentials? other) => other is not null && UsernameFragment == other.UsernameFragment && Password == other.Password;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(UsernameFragment, Password);

    /// <summary>Whether both have the lengths and characters that RFC 8839 section 5.4 allows.</summary>
    public static bool AreValid(ReadOnlySpan<char> usernameFragment, ReadOnlySpan<char> password) =>
        usernameFragment.Length is >= 4 and <= 256 && password.Length is >= 22 and <= 256 &&
        HasOnlyIceCharacters(usernameFragment) && HasOnlyIceCharacters(password);

    /// <summary>Fresh credentials: 48 and 144 bits of randomness.</summary>
    public static IceCredentials Create(IEntropySource entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        return new IceCredentials(CreateText(entropy, UsernameFragmentLength), CreateText(entropy, PasswordLength));
    }

    private static string CreateText(IEntropySource entropy, int length)
    {
        Span<byte> bytes = stackalloc byte[length / 4 * 3];
        entropy.Fill(bytes);
        return Convert.ToBase64String(bytes); // its alphabet is that of ice-char
    }

    private static bool HasOnlyIceCharacters(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/'))
            {
                return false;
            }
        }

        return true;
    }
}
