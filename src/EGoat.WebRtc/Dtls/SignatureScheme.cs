using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>Signature algorithms by their code points (RFC 5246 section 7.4.1.4.1 and RFC 8446 section 4.2.3).</summary>
internal static class SignatureScheme
{
    public const ushort EcdsaP256Sha256 = 0x0403;
    public const ushort EcdsaP384Sha384 = 0x0503;
    public const ushort RsaPssSha256 = 0x0804;
    public const ushort RsaPkcs1Sha256 = 0x0401;
    public const ushort RsaPkcs1Sha384 = 0x0501;
    public const ushort RsaPkcs1Sha512 = 0x0601;

    /// <summary>What <see cref="PeerKey.Verify"/> verifies, most wanted first.</summary>
    private static readonly ushort[] Supported = [EcdsaP256Sha256, EcdsaP384Sha384, RsaPssSha256, RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPkcs1Sha512];

    /// <summary>The list for signature_algorithms and CertificateRequest.</summary>
    public static byte[] SupportedList { get; } = CreateList();

    private static byte[] CreateList()
    {
        var list = new byte[2 * Supported.Length];
        for (int i = 0; i < Supported.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2 * i), Supported[i]);
        }

        return list;
    }
}
