using System.Security.Cryptography;
using System.Text;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Tells sources apart by where they are, without telling where that is: hashes of paths, keyed with a secret of this installation, so
/// that nobody else can try paths.
/// </summary>
internal sealed class SourceIds
{
    /// <summary>Enough for all files of a machine to differ; every entry of a manifest has one.</summary>
    private const int IdBytes = 9;

    private readonly byte[] _key;

    /// <param name="certificate">The identity, whose private key is the secret.</param>
    public SourceIds(DtlsCertificate certificate)
    {
        byte[] secret = certificate.ExportPkcs8PrivateKey();
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: "egoat source id"u8.ToArray());
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>The id of a source, the same whenever the same identity sends it under the same name.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="name">The name that the receiver sees.</param>
    public string Create(string path, string name) =>
        Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{path}\n{name}"))[..IdBytes]).Replace('+', '-').Replace('/', '_');
}
