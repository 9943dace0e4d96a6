using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.Cli.Tests;

/// <summary>Something on loopback that speaks TLS and nothing behind it, with a certificate of its own or of an authority that nobody knows.</summary>
internal sealed class TlsEndpoint : IDisposable
{
    private readonly LoopbackListener _listener;
    private readonly X509Certificate2 _certificate;

    public TlsEndpoint(bool isSelfSigned)
    {
        _certificate = Create(isSelfSigned);
        _listener = new LoopbackListener(HandleAsync);
    }

    /// <summary>Its address and port.</summary>
    public string Authority => _listener.Authority;

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private static X509Certificate2 Create(bool isSelfSigned)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1);
        DateTimeOffset until = from.AddDays(10);
        var request = new CertificateRequest("CN=goat", key, HashAlgorithmName.SHA256);
        if (isSelfSigned)
        {
            return Export(request.CreateSelfSigned(from, until));
        }

        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issuer = authority.CreateSelfSigned(from, until);
        using X509Certificate2 issued = request.Create(issuer, from, until, [1]);
        return Export(issued.CopyWithPrivateKey(key));
    }

    // A server needs a key that outlives the object that made it.
    private static X509Certificate2 Export(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }

    private async Task HandleAsync(TcpClient client)
    {
        try
        {
            using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(_certificate);
            await tls.CopyToAsync(Stream.Null);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client did not speak TLS, or has gone.
        }
    }
}
