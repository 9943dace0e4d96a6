using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>
/// The link to a keyed room, <c>https://host:port/#room=label&amp;k=key&amp;cert=pin</c>: where its server is, what people call the room, its
/// key, and the certificate of the server. All but the address is in the fragment, which no server is sent.
/// </summary>
public sealed class RoomLink
{
    /// <summary>Longer texts are no links.</summary>
    public const int MaxLength = 2048;

    private const int MaxLabelLength = 64;

    private RoomLink(Uri server, string label, RoomKey key, string? certificatePin)
    {
        Server = server;
        Label = label;
        Key = key;
        CertificatePin = certificatePin;
    }

    /// <summary>The signaling server, without a fragment.</summary>
    public Uri Server { get; }

    /// <summary>What people call the room: 1 to 64 letters, digits, '-', '_' or '.'. The server never learns it.</summary>
    public string Label { get; }

    /// <summary>The key.</summary>
    public RoomKey Key { get; }

    /// <summary>base64url of the SHA-256 of the server's certificate; null when the system's trust applies.</summary>
    public string? CertificatePin { get; }

    /// <summary>The server's URL with its pin, which is no secret: <c>https://host:port/#cert=…</c>.</summary>
    public Uri PinnedServer => CertificatePin is null ? Server : new Uri($"{Server.AbsoluteUri}#cert={CertificatePin}");

    /// <summary>A link to a room.</summary>
    /// <param name="server">The signaling server, http or https; a fragment <c>#cert=…</c> is its pin.</param>
    /// <param name="label">What people call the room.</param>
    /// <param name="key">Its key.</param>
    /// <exception cref="FormatException">The URL is none of a server, or the label is not valid.</exception>
    public static RoomLink Create(Uri server, string label, RoomKey key)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(key);
        if (!IsLabel(label))
        {
            throw new FormatException(LabelRule);
        }

        if (CheckServer(server) is { } refusal)
        {
            throw new FormatException(refusal);
        }

        string? pin = null;
        foreach (string part in Parts(server.Fragment))
        {
            if (part.StartsWith("cert=", StringComparison.Ordinal))
            {
                pin = part["cert=".Length..];
            }
        }

        return CheckPin(server, pin) is { } damage ? throw new FormatException(damage) : new RoomLink(WithoutFragment(server), label, key, pin);
    }

    /// <summary>Whether a text is meant as a link: it has a fragment with a key, well formed or not.</summary>
    public static bool IsMeant([NotNullWhen(true)] string? text) =>
        text is not null && text.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at && Array.Exists(Parts(text[at..]), p => p.StartsWith("k=", StringComparison.Ordinal));

    /// <summary>Reads a link.</summary>
    /// <param name="text">What was pasted; white space around it does not matter.</param>
    /// <param name="link">The link; null when it is none.</param>
    /// <param name="error">Why it is none, in one sentence that never repeats the text, which may be a secret; empty when it is one.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RoomLink? link, out string error)
    {
        link = null;
        string trimmed = text?.Trim() ?? "";
        if (trimmed.Length > MaxLength)
        {
            error = $"The link is longer than {MaxLength} characters.";
            return false;
        }

        if (!Uri.TryCreate(trimmed, UriKind.Absolute, out Uri? url) || CheckServer(url) is not null)
        {
            error = url is null ? "That is not a link: it begins with https:// (or http:// on this machine)." : CheckServer(url)!;
            return false;
        }

        if (!TryReadFragment(url.Fragment, out Dictionary<string, string> parts, out error))
        {
            return false;
        }

        string? pin = parts.GetValueOrDefault("cert");
        if (!parts.TryGetValue("k", out string? key))
        {
            error = "The link has no key (k=…): it leads to a server, or to an open room. Ask for it anew, and copy all of it.";
        }
        else if (!parts.TryGetValue("room", out string? label))
        {
            error = "The link does not say what the room is called (room=…). Ask for it anew, and copy all of it.";
        }
        else if (!IsLabel(label))
        {
            error = LabelRule;
        }
        else if (CheckPin(url, pin) is { } damage)
        {
            error = damage;
        }
        else if (!TryReadKey(key, parts.GetValueOrDefault("e"), out RoomKey? roomKey))
        {
            error = "The key in the link is damaged: k= has 43 characters of base64url. Ask for the link anew, and copy all of it.";
        }
        else
        {
            link = new RoomLink(WithoutFragment(url), label, roomKey, pin);
        }

        return link is not null;
    }

    /// <summary>The whole link, with the key. Whoever calls this answers for what becomes of it.</summary>
    public string Reveal()
    {
        string epoch = Key.Epoch == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"&e={Key.Epoch}");
        string pin = CertificatePin is null ? "" : $"&cert={CertificatePin}";
        return $"{Server.AbsoluteUri}#room={Uri.EscapeDataString(Label)}&k={Base64Url.EncodeToString(Key.Reveal())}{epoch}{pin}";
    }

    /// <summary>The server and the room's label, never the key.</summary>
    public override string ToString() => $"{Server.AbsoluteUri} {Label}";

    private const string LabelRule = "The link's room is not called as a room may be: 1 to 64 letters, digits, '-', '_' or '.'.";

    private static bool IsLabel(string label) => label.Length is > 0 and <= MaxLabelLength && label.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.');

    private static string[] Parts(string fragment) => fragment.TrimStart('#').Split('&');

    private static Uri WithoutFragment(Uri url) => new(Address(url));

    private static string Address(Uri url) => url.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);

    private static string? CheckServer(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            return "That is not the link of a room: it begins with https:// (or http:// on this machine).";
        }

        if (url.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6) || !Uri.TryCreate(Address(url), UriKind.Absolute, out _))
        {
            return "The link's host is none. Ask for the link anew, and copy all of it.";
        }

        return url.UserInfo.Length > 0 || url.Query.Length > 0
            ? "The link has a user name or a query ('?'), which a server would be sent: that is not the link of a room."
            : null;
    }

    private static string? CheckPin(Uri url, string? pin)
    {
        if (pin is null)
        {
            return null;
        }

        if (url.Scheme != "https")
        {
            return "The link pins a certificate (cert=…) and yet begins with http://, which has none: it is damaged or altered. Ask for it anew.";
        }

        return TryDecode(pin, SHA256.HashSizeInBytes, out _) ? null : "The link's cert= is damaged: it has 43 characters of base64url. Ask for the link anew, and copy all of it.";
    }

    private static bool TryReadFragment(string fragment, out Dictionary<string, string> parts, out string error)
    {
        parts = [];
        foreach (string part in Parts(fragment))
        {
            int at = part.IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && !parts.TryAdd(part[..at], Uri.UnescapeDataString(part[(at + 1)..])))
            {
                error = "The link says something twice: two links may have been pasted into one.";
                return false;
            }
        }

        error = "";
        return true;
    }

    private static bool TryReadKey(string text, string? epochText, [NotNullWhen(true)] out RoomKey? key)
    {
        key = null;
        uint epoch = 1;
        if ((epochText is not null && (!uint.TryParse(epochText, NumberStyles.None, CultureInfo.InvariantCulture, out epoch) || epoch == 0)) || !TryDecode(text, RoomKey.Length, out byte[] bytes))
        {
            return false;
        }

        key = new RoomKey(bytes, epoch);
        CryptographicOperations.ZeroMemory(bytes);
        return true;
    }

    // Only the one way to write these bytes: neither padding nor white space, and no bits beyond the last byte.
    private static bool TryDecode(string text, int length, out byte[] bytes)
    {
        bytes = new byte[length];
        return text.Length == Base64Url.GetEncodedLength(length) && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int written) && written == length && Base64Url.EncodeToString(bytes) == text;
    }
}
