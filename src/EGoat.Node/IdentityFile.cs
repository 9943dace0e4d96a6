using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EGoat.WebRtc.Dtls;

namespace EGoat.Node;

/// <summary>The installation's identity: a certificate with its key in <c>identity.pem</c>, readable by its owner only.</summary>
internal static class IdentityFile
{
    private const string FileName = "identity.pem";

    /// <summary>Reads the identity of a data folder, or makes it. Folder and file are made for their owner only, and closed to others if they are not.</summary>
    /// <param name="folder">The data folder; made if it is not there.</param>
    /// <param name="warn">Takes a line for people when others could have read or changed the identity.</param>
    /// <exception cref="NodeException">The file is damaged or cannot be closed to others, or the folder cannot be used.</exception>
    public static DtlsCertificate LoadOrCreate(string folder, Action<string> warn)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            OwnerOnly.CreateFolder(folder);
            CloseToOthers(folder, path, warn);
            return TryLoad(path) ?? Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException($"The data folder '{folder}' cannot be used: {e.Message} Choose another one with --data or EGOAT_HOME.", e);
        }
    }

    // A folder that holds no identity yet is somebody's own choice, and may hold other things: it is not changed, only told.
    private static void CloseToOthers(string folder, string path, Action<string> warn)
    {
        bool isOurs = File.Exists(path);
        if (isOurs && OwnerOnly.IsOpenToOthers(path))
        {
            if (!OwnerOnly.TryClose(path))
            {
                throw new NodeException($"Other users can read or change the identity '{path}', and it is not yours to change that. Choose another folder with --data or EGOAT_HOME.");
            }

            warn($"Other users could read or change the identity '{path}'; now only its owner can. If somebody may have done so, move it away: this installation becomes a new one to its peers.");
        }

        if (isOurs && OwnerOnly.IsOpenToOthers(folder) && OwnerOnly.TryClose(folder))
        {
            warn($"Other users could look into the data folder '{folder}'; now only its owner can.");
        }
        else if (OwnerOnly.IsWritableByOthers(folder))
        {
            warn($"Other users can change what is in the data folder '{folder}', and take your identity away. Choose another one with --data or EGOAT_HOME, or 'chmod go-w' it.");
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
        using (var file = new StreamWriter(OwnerOnly.CreateFile(temporary), System.Text.Encoding.ASCII))
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
