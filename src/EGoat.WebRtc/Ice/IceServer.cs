using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EGoat.WebRtc.Ice;

/// <summary>How a STUN or TURN server is reached.</summary>
public enum IceServerTransport
{
    /// <summary>UDP, the default.</summary>
    Udp,

    /// <summary>TCP (<c>?transport=tcp</c>).</summary>
    Tcp,

    /// <summary>TLS over TCP (<c>turns:</c>).</summary>
    Tls,
}

/// <summary>A STUN or TURN server (W3C RTCIceServer with one URL; RFC 7064 and 7065).</summary>
public sealed record IceServer
{
    /// <summary>What <see cref="TryParse(string, out IceServer?)"/> takes, for messages.</summary>
    public const string Syntax = "stun:HOST[:PORT], turn:USER:PASSWORD@HOST[:PORT][?transport=tcp] or turns:USER:PASSWORD@HOST[:PORT]";

    private const int DefaultPort = 3478;
    private const int DefaultTlsPort = 5349;
    private const int MaxLength = 512;

    /// <summary>Whether it relays (TURN), or only tells addresses (STUN).</summary>
    public required bool IsTurn { get; init; }

    /// <summary>A name or an IP address, without brackets.</summary>
    public required string Host { get; init; }

    /// <summary>Default 3478, for TLS 5349.</summary>
    public required int Port { get; init; }

    /// <summary>How it is reached.</summary>
    public IceServerTransport Transport { get; init; }

    /// <summary>The user name for TURN; "" for none.</summary>
    public string Username { get; init; } = "";

    /// <summary>The password for TURN; "" for none.</summary>
    public string Credential { get; init; } = "";

    /// <summary>
    /// Parses <c>stun:HOST[:PORT]</c>, <c>turn:HOST[:PORT][?transport=udp|tcp]</c> or <c>turns:HOST[:PORT]</c>; an IPv6
    /// address stands in brackets.
    /// </summary>
    public static bool TryParse(string url, string? username, string? credential, [NotNullWhen(true)] out IceServer? server) =>
        FindError(url, username, credential, out server) is null;

    /// <summary>
    /// Parses a server and what it is used with from one line, as options of programs give it: see <see cref="Syntax"/>. The
    /// user name ends at the first colon, the password at the last '@'.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IceServer? server)
    {
        ArgumentNullException.ThrowIfNull(text);
        server = null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        int at = text.LastIndexOf('@');
        string[] credential = at > colon ? text[(colon + 1)..at].Split(':', 2) : [];
        string url = at > colon ? text[..(colon + 1)] + text[(at + 1)..] : text;
        if (TryParse(url, credential.ElementAtOrDefault(0), credential.ElementAtOrDefault(1), out IceServer? parsed) && credential.Length == (parsed.IsTurn ? 2 : 0))
        {
            server = parsed;
        }

        return server is not null;
    }

    /// <summary>Parses what <see cref="TryParse(string, string?, string?, out IceServer?)"/> parses.</summary>
    /// <exception cref="FormatException">It cannot be used; the message names the part that is to blame.</exception>
    public static IceServer Parse(string url, string? username = null, string? credential = null) =>
        FindError(url, username, credential, out IceServer? server) is { } error ? throw new FormatException(error) : server!;

    /// <summary>The server as a URL, without what it is used with.</summary>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        string scheme = !IsTurn ? "stun" : Transport == IceServerTransport.Tls ? "turns" : "turn";
        return $"{scheme}:{host}:{Port.ToString(CultureInfo.InvariantCulture)}{(Transport == IceServerTransport.Tcp ? "?transport=tcp" : "")}";
    }

    // Null when there is none, and then there is a server.
    private static string? FindError(string url, string? username, string? credential, out IceServer? server)
    {
        ArgumentNullException.ThrowIfNull(url);
        server = null;
        if (url.Length > MaxLength)
        {
            return $"The server URL is longer than {MaxLength} characters.";
        }

        int colon = url.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return $"The server URL '{url}' has no scheme (stun:, turn: or turns:).";
        }

        string scheme = url[..colon].ToLowerInvariant();
        if (scheme is not ("stun" or "turn" or "turns"))
        {
            return $"The server URL has the scheme '{url[..colon]}', which is none of stun, turn and turns.";
        }

        string rest = url[(colon + 1)..];
        int mark = rest.IndexOf('?', StringComparison.Ordinal);
        string query = mark < 0 ? "" : rest[mark..];
        IceServerTransport? transport = (scheme, query.ToLowerInvariant()) switch
        {
            ("stun", "") => IceServerTransport.Udp,
            ("turn", "" or "?transport=udp") => IceServerTransport.Udp,
            ("turn", "?transport=tcp") => IceServerTransport.Tcp,
            ("turns", "" or "?transport=tcp") => IceServerTransport.Tls,
            _ => null,
        };
        if (transport is null)
        {
            return $"The server URL ends with '{(query.Length == 1 ? query : query[1..])}', which {scheme}: does not know.";
        }

        int defaultPort = transport == IceServerTransport.Tls ? DefaultTlsPort : DefaultPort;
        string? error = FindAddressError(mark < 0 ? rest : rest[..mark], defaultPort, out string host, out int port);
        server = error is null
            ? new IceServer { IsTurn = scheme != "stun", Host = host, Port = port, Transport = transport.Value, Username = username ?? "", Credential = credential ?? "" }
            : null;
        return error;
    }

    private static string? FindAddressError(string text, int defaultPort, out string host, out int port)
    {
        port = defaultPort;
        bool isLiteral = text.StartsWith('[');
        int end = isLiteral ? text.IndexOf(']', StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        end = end < 0 ? text.Length : end;
        host = isLiteral && end > 1 ? text[1..(end - 1)] : text[..end];
        if (text.Length == 0 || (!isLiteral && end == 0))
        {
            return "The server URL has no host.";
        }

        bool isHost = isLiteral
            ? end > 1 && (end == text.Length || text[end] == ':') && Uri.CheckHostName(host) == UriHostNameType.IPv6
            : Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
        if (!isHost)
        {
            return $"The server URL has '{(isLiteral ? text : host)}' where a host name or an address should be; an IPv6 address stands in brackets.";
        }

        if (end < text.Length && !(int.TryParse(text[(end + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue))
        {
            return $"The server URL has the port '{text[(end + 1)..]}'; a port is a number from 1 to 65535, and an IPv6 address stands in brackets.";
        }

        return null;
    }
}
