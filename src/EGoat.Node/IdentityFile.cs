using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EGoat.WebRtc.Dtls;

namespace EGoat.Node;

/// <summary>The installation's identity: a certificate with its key in <c>identity.pem</c>, readable by its owner only.</summary>
internal static class IdentityFile
{
    private const string FileName = "identity.pem";

    /// <summary>Reads the identity of a data folder, or makes it.</summary>
    /// <exception cref="NodeException">The file is damaged, or the folder cannot be used.</exception>
    public static DtlsCertificate LoadOrCreate(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            Directory.CreateDirectory(folder);
            return TryLoad(path) ?? Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException($"The data folder '{folder}' cannot be used: {e.Message} Choose another one with --data or EGOAT_HOME.", e);
        }
    }

    private static DtlsCertificate? TryLoad(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(path);
            using ECDsa key = certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("It has no ECDSA key.");
            byte[] pkcs8 = key.ExportPkcs8PrivateKey();
            try
            {
                return DtlsCertificate.Import(certificate.RawData, pkcs8);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(pkcs8);
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new NodeException($"The identity '{path}' is damaged. Restore a copy; or move it away, and this installation becomes a new one to its peers.", e);
        }
    }

    // Written under another name first: two processes that start at once agree on whichever came first.
    private static DtlsCertificate Create(string path)
    {
        DtlsCertificate certificate = DtlsCertificate.Create();
        byte[] pkcs8 = certificate.ExportPkcs8PrivateKey();
        string pem = new string(PemEncoding.Write("CERTIFICATE", certificate.Der.Span)) + "\n" + new string(PemEncoding.Write("PRIVATE KEY", pkcs8)) + "\n";
        CryptographicOperations.ZeroMemory(pkcs8);
        string temporary = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new StreamWriter(temporary, System.Text.Encoding.ASCII, options))
        {
            file.Write(pem);
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
            return certificate;
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
            certificate.Dispose();
            return TryLoad(path)!;
        }
    }
}
