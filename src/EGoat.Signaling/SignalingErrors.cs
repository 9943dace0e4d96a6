namespace EGoat.Signaling;

/// <summary>Why a signaling server cannot be used, as <see cref="SignalingException.Code"/> says it.</summary>
public static class SignalingErrors
{
    /// <summary>The URL is not one of a signaling server, or contradicts itself.</summary>
    public const string BadUrl = "bad-url";

    /// <summary>The name of the server does not resolve.</summary>
    public const string UnknownHost = "unknown-host";

    /// <summary>The machine is there, and nothing listens at the port.</summary>
    public const string ConnectionRefused = "connection-refused";

    /// <summary>There is no way to the server, or it does not answer in time.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The URL begins with http:// and the port speaks TLS.</summary>
    public const string NeedsHttps = "needs-https";

    /// <summary>The URL begins with https:// and the port does not speak TLS.</summary>
    public const string NoTls = "no-tls";

    /// <summary>The server has a self-signed certificate and the URL pins none.</summary>
    public const string MissingPin = "missing-pin";

    /// <summary>The server's certificate is not the one that the URL pins.</summary>
    public const string WrongPin = "wrong-pin";

    /// <summary>The server's certificate is not one that this machine trusts for that name.</summary>
    public const string ForeignCertificate = "foreign-certificate";

    /// <summary>The server sends the client elsewhere; redirects are not followed.</summary>
    public const string Redirected = "redirected";

    /// <summary>Something answers that is not an E-Goat signaling server.</summary>
    public const string NotAServer = "not-a-server";

    /// <summary>Whether waiting can help: the server may not be up yet.</summary>
    internal static bool MayPass(string code) => code is UnknownHost or ConnectionRefused or Unreachable;

    /// <summary>Whether a server's refusal stands whatever happens later.</summary>
    internal static bool IsFinal(string code) => code is "unsupported-version" or "bad-room" or "bad-peer" or "bad-token";
}
