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
    private const int DefaultPort = 3478;
    private const int DefaultTlsPort = 5349;

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
    public static bool TryParse(string url, string? username, string? credential, [NotNullWhen(true)] out IceServer? server)
    {
        server = null;
        int colon = url.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || url.Length > 512)
        {
            return false;
        }

        string scheme = url[..colon].ToLowerInvariant();
        string rest = url[(colon + 1)..];
        string query = "";
        if (rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and int mark)
        {
            (rest, query) = (rest[..mark], rest[(mark + 1)..]);
        }

        bool isTls = scheme == "turns";
        IceServerTransport? transport = (scheme, query.ToLowerInvariant()) switch
        {
            ("stun", "") => IceServerTransport.Udp,
            ("turn", "" or "transport=udp") => IceServerTransport.Udp,
            ("turn", "transport=tcp") => IceServerTransport.Tcp,
            ("turns", "" or "transport=tcp") => IceServerTransport.Tls,
            _ => null,
        };
        if (transport is null || !TrySplit(rest, isTls ? DefaultTlsPort : DefaultPort, out string host, out int port))
        {
            return false;
        }

        server = new IceServer { IsTurn = scheme != "stun", Host = host, Port = port, Transport = transport.Value, Username = username ?? "", Credential = credential ?? "" };
        return true;
    }

    /// <summary>The server as a URL, without what it is used with.</summary>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        string scheme = !IsTurn ? "stun" : Transport == IceServerTransport.Tls ? "turns" : "turn";
        return $"{scheme}:{host}:{Port.ToString(CultureInfo.InvariantCulture)}{(Transport == IceServerTransport.Tcp ? "?transport=tcp" : "")}";
    }

    private static bool TrySplit(string text, int defaultPort, out string host, out int port)
    {
        port = defaultPort;
        int end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        end = end < 0 ? text.Length : end;
        host = text[..end].Trim('[', ']');
        string rest = text[end..];
        return host.Length > 0 && Uri.CheckHostName(host) != UriHostNameType.Unknown &&
            (rest.Length == 0 || (rest[0] == ':' && int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue));
    }
}
