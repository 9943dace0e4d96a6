using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace EGoat.Web;

/// <summary>
/// What every request must meet, whatever its route: a host that is this server (against DNS rebinding), an origin that is
/// its own page (against other sites), a bearer token for data. No CORS.
/// </summary>
internal sealed class HttpRules(string token)
{
    /// <summary>Nothing from elsewhere, no inline script, no framing.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    /// <summary>Headers of every answer.</summary>
    public static void AddHeaders(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    /// <summary>An address, this machine's name or localhost: names that a foreign DNS server cannot make point here.</summary>
    public static bool IsHostAllowed(HttpRequest request)
    {
        string host = request.Host.Host.Trim('[', ']');
        return IPAddress.TryParse(host, out _) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
            host.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Browsers say where a request comes from; programs do not.</summary>
    public static bool IsOriginAllowed(HttpRequest request) =>
        request.Headers.Origin.All(o => string.Equals(o, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the request carries the token.</summary>
    public bool IsAuthorized(HttpRequest request)
    {
        const string scheme = "Bearer ";
        string header = request.Headers.Authorization.ToString();
        return header.StartsWith(scheme, StringComparison.Ordinal) &&
            CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[scheme.Length..]), _token);
    }
}
