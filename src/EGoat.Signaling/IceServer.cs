using System.Diagnostics.CodeAnalysis;

namespace EGoat.Signaling;

/// <summary>A STUN or TURN server that peers may use (W3C RTCIceServer).</summary>
/// <param name="Urls">Its <c>stun:</c>, <c>turn:</c> or <c>turns:</c> URLs.</param>
/// <param name="Username">The user name for TURN, or null.</param>
/// <param name="Credential">The password for TURN, or null.</param>
public sealed record IceServer(IReadOnlyList<string> Urls, string? Username = null, string? Credential = null)
{
    /// <summary>What <see cref="TryParse"/> takes, for messages.</summary>
    public const string Syntax = "stun:HOST[:PORT], turn:USER:PASSWORD@HOST[:PORT][?transport=tcp] or turns:USER:PASSWORD@HOST[:PORT]";

    /// <summary>Reads a server from one line of text, as options of programs give it: see <see cref="Syntax"/>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IceServer? server)
    {
        server = null;
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon < 0 ? "" : text[..colon];
        string rest = text[(colon + 1)..];
        int at = rest.LastIndexOf('@');
        string[] credential = at < 0 ? [] : rest[..at].Split(':', 2);
        string address = rest[(at + 1)..];
        bool isValid = address.Length > 0 && (scheme, credential.Length) is ("stun", 0) or ("turn" or "turns", 2);
        if (isValid)
        {
            server = new IceServer([$"{scheme}:{address}"], credential.ElementAtOrDefault(0), credential.ElementAtOrDefault(1));
        }

        return isValid;
    }
}
