namespace EGoat.Signaling;

/// <summary>What a server's URL carries in its fragment, which no server sees.</summary>
public static class SignalingUrl
{
    private const string TokenName = "token=";

    /// <summary>The access token of a private server (<c>#token=…</c>); null without one.</summary>
    public static string? FindToken(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        string? part = Fragment(url).FirstOrDefault(p => p.StartsWith(TokenName, StringComparison.Ordinal));
        return part is null ? null : Uri.UnescapeDataString(part[TokenName.Length..]);
    }

    /// <summary>A server's URL with an access token.</summary>
    public static Uri WithToken(Uri url, string token)
    {
        ArgumentNullException.ThrowIfNull(url);
        string fragment = url.Fragment.TrimStart('#');
        return new UriBuilder(url) { Fragment = $"{fragment}{(fragment.Length > 0 ? "&" : "")}{TokenName}{Uri.EscapeDataString(token)}" }.Uri;
    }

    internal static string[] Fragment(Uri url) => url.IsAbsoluteUri ? url.Fragment.TrimStart('#').Split('&') : [];
}
