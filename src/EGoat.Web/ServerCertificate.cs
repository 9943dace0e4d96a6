using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.Web;

/// <summary>The self-signed TLS certificate of an installation: made once, so that its pin in links stays right.</summary>
internal static class ServerCertificate
{
    private const string FileName = "tls.pfx";

    /// <summary>Loads the certificate of a folder, or makes it.</summary>
    public static X509Certificate2 LoadOrCreate(string folder, IPAddress address)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            if (File.Exists(path))
            {
                PrivateFile.Restrict(path);
                return X509CertificateLoader.LoadPkcs12FromFile(path, null);
            }

            byte[] pfx = Create(address);
            PrivateFile.Write(path, pfx);
            return X509CertificateLoader.LoadPkcs12(pfx, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SignalingServerException($"The TLS certificate '{path}' cannot be read or written: {e.Message} Delete it to have a new one made.", e);
        }
    }

    private static byte[] Create(IPAddress address)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=E-Goat", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName(Dns.GetHostName());
        if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(10));
        return certificate.Export(X509ContentType.Pfx);
    }
}
