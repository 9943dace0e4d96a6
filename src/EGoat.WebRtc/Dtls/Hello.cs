using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>Code points that ClientHello and ServerHello share.</summary>
internal static class CipherSuite
{
    public const ushort EcdheEcdsaAes128GcmSha256 = 0xC02B;
    public const ushort EcdheRsaAes128GcmSha256 = 0xC02F;

    /// <summary>TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).</summary>
    public const ushort EmptyRenegotiationInfo = 0x00FF;

    /// <summary>The name that IANA registered, of the suites that a handshake can come to.</summary>
    public static string NameOf(ushort suite) => suite == EcdheEcdsaAes128GcmSha256 ? "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" : "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
}

/// <summary>Extensions that mean something here.</summary>
internal static class ExtensionType
{
    public const ushort SupportedGroups = 10;
    public const ushort EcPointFormats = 11;
    public const ushort SignatureAlgorithms = 13;
    public const ushort UseSrtp = 14;
    public const ushort ExtendedMasterSecret = 23;
    public const ushort SupportedVersions = 43;
    public const ushort RenegotiationInfo = 0xFF01;
}

/// <summary>
/// Profiles of use_srtp (RFC 5764 section 4.1.2, RFC 7714). There is no media here and none is ever used, but there are stacks that
/// fail a connection without one.
/// </summary>
internal static class SrtpProfile
{
    public const ushort Aes128CmHmacSha1Tag80 = 1;
    public const ushort AeadAes128Gcm = 7;

    /// <summary>Whether this is an answer to what this engine offers: one of its profiles, and as little of an MKI.</summary>
    public static bool IsAnswer(ReadOnlySpan<byte> data) => data is [0, 2, 0, (byte)Aes128CmHmacSha1Tag80 or (byte)AeadAes128Gcm, 0];

    /// <summary>The one to answer an offer with; null when none is known.</summary>
    public static ushort? Choose(ReadOnlySpan<byte> profiles) =>
        TlsReader.ListContains(profiles, Aes128CmHmacSha1Tag80) ? Aes128CmHmacSha1Tag80
        : TlsReader.ListContains(profiles, AeadAes128Gcm) ? AeadAes128Gcm
        : null;
}

/// <summary>Named groups and point formats (RFC 8422 section 5.1).</summary>
internal static class EllipticCurve
{
    public const ushort Secp256r1 = 23;

    /// <summary>For servers whose certificate is on it: TLS 1.2 ties certificates to the offered groups (RFC 8422 section 5.1).</summary>
    public const ushort Secp384r1 = 24;

    /// <summary>ec_curve_type named_curve.</summary>
    public const byte NamedCurve = 3;

    /// <summary>The curve of a group, or null.</summary>
    public static ECCurve? FromGroup(ushort group) => group switch
    {
        Secp256r1 => ECCurve.NamedCurves.nistP256,
        Secp384r1 => ECCurve.NamedCurves.nistP384,
        _ => null,
    };
}

/// <summary>A ClientHello (RFC 5246 section 7.4.1.2, RFC 6347 section 4.2.1) as far as a server needs it. Unknown extensions, groups and suites (GREASE) are ignored.</summary>
internal readonly record struct ClientHello
{
    public const int RandomLength = 32;

    public byte[] Random { get; private init; }

    /// <summary>The client speaks DTLS 1.2.</summary>
    public bool HasDtls12 { get; private init; }

    /// <summary>The client offers our suite, our group and our signature algorithm, and no compression.</summary>
    public bool IsAcceptable { get; private init; }

    public bool HasExtendedMasterSecret { get; private init; }

    public bool HasRenegotiationInfo { get; private init; }

    /// <summary>What of <see cref="Dtls.SrtpProfile"/> the client offers, or null.</summary>
    public ushort? SrtpProfile { get; private init; }

    public static bool TryParse(ReadOnlySpan<byte> body, out ClientHello hello)
    {
        hello = default;
        var reader = new TlsReader(body);
        if (!reader.TryReadUInt16(out ushort version) || !reader.TryReadBytes(RandomLength, out ReadOnlySpan<byte> random) ||
            !reader.TryReadVector8(out _) || !reader.TryReadVector8(out _) ||
            !reader.TryReadVector16(out ReadOnlySpan<byte> suites) || !reader.TryReadVector8(out ReadOnlySpan<byte> compressions))
        {
            return false;
        }

        bool hasVersion = version is <= DtlsVersion.Dtls12 and > 0xFE00;
        bool hasGroup = true;
        bool hasSignature = true;
        bool hasExtendedMasterSecret = false;
        ushort? srtpProfile = null;
        bool hasRenegotiationInfo = TlsReader.ListContains(suites, CipherSuite.EmptyRenegotiationInfo);
        if (!reader.IsEmpty)
        {
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> extensions) || !reader.IsEmpty)
            {
                return false;
            }

            var extension = new TlsReader(extensions);
            while (!extension.IsEmpty)
            {
                if (!extension.TryReadUInt16(out ushort type) || !extension.TryReadVector16(out ReadOnlySpan<byte> data))
                {
                    return false;
                }

                var value = new TlsReader(data);
                switch (type)
                {
                    case ExtensionType.SupportedGroups:
                        hasGroup = value.TryReadVector16(out ReadOnlySpan<byte> groups) && TlsReader.ListContains(groups, EllipticCurve.Secp256r1);
                        break;
                    case ExtensionType.SignatureAlgorithms:
                        hasSignature = value.TryReadVector16(out ReadOnlySpan<byte> schemes) && TlsReader.ListContains(schemes, SignatureScheme.EcdsaP256Sha256);
                        break;
                    case ExtensionType.SupportedVersions:
                        hasVersion = value.TryReadVector8(out ReadOnlySpan<byte> versions) && TlsReader.ListContains(versions, DtlsVersion.Dtls12);
                        break;
                    case ExtensionType.UseSrtp:
                        srtpProfile = value.TryReadVector16(out ReadOnlySpan<byte> profiles) ? Dtls.SrtpProfile.Choose(profiles) : null;
                        break;
                    case ExtensionType.ExtendedMasterSecret:
                        hasExtendedMasterSecret = true;
                        break;
                    case ExtensionType.RenegotiationInfo when data is not [0]:
                        return false; // RFC 5746 section 3.6: a first handshake renegotiates nothing
                    case ExtensionType.RenegotiationInfo:
                        hasRenegotiationInfo = true;
                        break;
                    default:
                        break;
                }
            }
        }

        hello = new ClientHello
        {
            Random = random.ToArray(),
            HasDtls12 = hasVersion,
            IsAcceptable = hasGroup && hasSignature && TlsReader.ListContains(suites, CipherSuite.EcdheEcdsaAes128GcmSha256) && compressions.Contains((byte)0),
            HasExtendedMasterSecret = hasExtendedMasterSecret,
            HasRenegotiationInfo = hasRenegotiationInfo,
            SrtpProfile = srtpProfile,
        };
        return true;
    }

    /// <summary>Writes the ClientHello of this engine.</summary>
    public static void Write(TlsWriter writer, ReadOnlySpan<byte> random, ReadOnlySpan<byte> cookie)
    {
        writer.WriteUInt16(DtlsVersion.Dtls12);
        writer.WriteBytes(random);
        writer.WriteVector(1, []);
        writer.WriteVector(1, cookie);
        int suites = writer.BeginVector(2);
        writer.WriteUInt16(CipherSuite.EcdheEcdsaAes128GcmSha256);
        writer.WriteUInt16(CipherSuite.EcdheRsaAes128GcmSha256);
        writer.EndVector(2, suites);
        writer.WriteVector(1, [0]);
        int extensions = writer.BeginVector(2);
        HelloExtensions.Write(writer, ExtensionType.RenegotiationInfo, [0]);
        HelloExtensions.Write(writer, ExtensionType.ExtendedMasterSecret, []);
        HelloExtensions.Write(writer, ExtensionType.SupportedGroups, [0, 4, 0, (byte)EllipticCurve.Secp256r1, 0, (byte)EllipticCurve.Secp384r1]);
        HelloExtensions.Write(writer, ExtensionType.EcPointFormats, [1, 0]);
        HelloExtensions.Write(writer, ExtensionType.SignatureAlgorithms, [0, (byte)SignatureScheme.SupportedList.Length, .. SignatureScheme.SupportedList]);
        HelloExtensions.Write(writer, ExtensionType.UseSrtp, [0, 4, 0, (byte)Dtls.SrtpProfile.Aes128CmHmacSha1Tag80, 0, (byte)Dtls.SrtpProfile.AeadAes128Gcm, 0]);
        writer.EndVector(2, extensions);
    }
}

/// <summary>A ServerHello (RFC 5246 section 7.4.1.3).</summary>
internal readonly record struct ServerHello(ushort Version, byte[] Random, ushort Suite, byte Compression, bool HasExtendedMasterSecret, bool HasUnknownExtension)
{
    /// <summary>The server answers use_srtp with something that was not offered (RFC 5764 section 4.1.1).</summary>
    public bool HasForeignSrtpProfile { get; private init; }

    public static bool TryParse(ReadOnlySpan<byte> body, out ServerHello hello)
    {
        hello = default;
        var reader = new TlsReader(body);
        if (!reader.TryReadUInt16(out ushort version) || !reader.TryReadBytes(ClientHello.RandomLength, out ReadOnlySpan<byte> random) ||
            !reader.TryReadVector8(out _) || !reader.TryReadUInt16(out ushort suite) || !reader.TryReadUInt8(out byte compression))
        {
            return false;
        }

        bool hasExtendedMasterSecret = false;
        bool hasUnknown = false;
        bool hasForeignSrtpProfile = false;
        if (!reader.IsEmpty)
        {
            if (!reader.TryReadVector16(out ReadOnlySpan<byte> extensions) || !reader.IsEmpty)
            {
                return false;
            }

            var extension = new TlsReader(extensions);
            while (!extension.IsEmpty)
            {
                if (!extension.TryReadUInt16(out ushort type) || !extension.TryReadVector16(out ReadOnlySpan<byte> data) ||
                    (type == ExtensionType.RenegotiationInfo && data is not [0]))
                {
                    return false; // RFC 5746 section 3.4: a first handshake renegotiates nothing
                }

                hasExtendedMasterSecret |= type == ExtensionType.ExtendedMasterSecret;
                hasForeignSrtpProfile |= type == ExtensionType.UseSrtp && !SrtpProfile.IsAnswer(data);
                hasUnknown |= type is not (ExtensionType.ExtendedMasterSecret or ExtensionType.RenegotiationInfo or ExtensionType.EcPointFormats or ExtensionType.SupportedGroups or ExtensionType.UseSrtp);
            }
        }

        hello = new ServerHello(version, random.ToArray(), suite, compression, hasExtendedMasterSecret, hasUnknown) { HasForeignSrtpProfile = hasForeignSrtpProfile };
        return true;
    }

    /// <summary>Writes the answer of this engine to a ClientHello.</summary>
    public static void Write(TlsWriter writer, ReadOnlySpan<byte> random, in ClientHello client)
    {
        writer.WriteUInt16(DtlsVersion.Dtls12);
        writer.WriteBytes(random);
        writer.WriteVector(1, []);
        writer.WriteUInt16(CipherSuite.EcdheEcdsaAes128GcmSha256);
        writer.WriteUInt8(0);
        int extensions = writer.BeginVector(2);
        if (client.HasRenegotiationInfo)
        {
            HelloExtensions.Write(writer, ExtensionType.RenegotiationInfo, [0]);
        }

        if (client.HasExtendedMasterSecret)
        {
            HelloExtensions.Write(writer, ExtensionType.ExtendedMasterSecret, []);
        }

        if (client.SrtpProfile is { } profile)
        {
            HelloExtensions.Write(writer, ExtensionType.UseSrtp, [0, 2, 0, (byte)profile, 0]);
        }

        HelloExtensions.Write(writer, ExtensionType.EcPointFormats, [1, 0]);
        writer.EndVector(2, extensions);
    }
}

/// <summary>Writes an extension of a hello message.</summary>
internal static class HelloExtensions
{
    public static void Write(TlsWriter writer, ushort type, ReadOnlySpan<byte> data)
    {
        writer.WriteUInt16(type);
        writer.WriteVector(2, data);
    }
}
