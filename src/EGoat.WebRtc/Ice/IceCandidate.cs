using System.Buffers;
using System.Globalization;
using System.Text;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Ice;

/// <summary>A transport address that may reach a peer (RFC 8445 section 5.1), over UDP and for component 1.</summary>
public sealed record IceCandidate
{
    /// <summary>Longer candidate lines are refused.</summary>
    public const int MaxTextLength = 512;

    private const int ComponentId = 1;
    private const string Prefix = "candidate:";

    /// <summary>Nothing else is an address: names are never resolved, and zones mean nothing on another host.</summary>
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF.:");

    /// <summary>ice-char of RFC 8839 section 5.1, of which a foundation consists.</summary>
    private static readonly SearchValues<char> IceCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    private IceCandidate(string foundation, uint priority, TransportAddress address, IceCandidateType type, TransportAddress? relatedAddress, TransportAddress @base)
    {
        Foundation = foundation;
        Priority = priority;
        Address = address;
        Type = type;
        RelatedAddress = relatedAddress;
        Base = @base;
    }

    /// <summary>Equal for candidates of the same type, base and server (RFC 8445 section 5.1.1.3).</summary>
    public string Foundation { get; }

    /// <summary>1 to 2^31 - 1; higher is preferred (RFC 8445 section 5.1.2).</summary>
    public uint Priority { get; }

    /// <summary>Where the peer can send to.</summary>
    public TransportAddress Address { get; }

    /// <summary>How the address was learnt.</summary>
    public IceCandidateType Type { get; }

    /// <summary>The base of a reflexive or relayed candidate, for diagnostics; null for others and where it is withheld.</summary>
    public TransportAddress? RelatedAddress { get; }

    /// <summary>For a local candidate: the address of the socket that sends for it. For a remote one: its address.</summary>
    public TransportAddress Base { get; }

    /// <summary>The user fragment of the session that a trickled candidate belongs to (RFC 8838 section 11.3); null when it does not say.</summary>
    public string? UsernameFragment { get; init; }

    /// <summary>A host candidate of this side.</summary>
    /// <param name="address">The address of the interface, with the socket's port.</param>
    /// <param name="base">The socket's own address: the same, or the unspecified address when it is bound to all interfaces.</param>
    /// <param name="localPreference">0 to 65535; higher is preferred among this host's addresses (RFC 8421).</param>
    public static IceCandidate CreateHost(TransportAddress address, TransportAddress @base, ushort localPreference) =>
        new(CreateFoundation(IceCandidateType.Host, address), ComputePriority(IceCandidateType.Host, localPreference), address, IceCandidateType.Host, null, @base);

    /// <summary>This side's address as a STUN server sees it. The base is withheld from the peer.</summary>
    internal static IceCandidate CreateServerReflexive(TransportAddress address, TransportAddress @base, ushort localPreference) =>
        new(CreateFoundation(IceCandidateType.ServerReflexive, @base), ComputePriority(IceCandidateType.ServerReflexive, localPreference), address, IceCandidateType.ServerReflexive, null, @base);

    /// <summary>An address of a TURN server; it is its own base.</summary>
    internal static IceCandidate CreateRelayed(TransportAddress address, ushort localPreference) =>
        new(CreateFoundation(IceCandidateType.Relayed, address), ComputePriority(IceCandidateType.Relayed, localPreference), address, IceCandidateType.Relayed, null, address);

    /// <summary>The priority of RFC 8445 section 5.1.2.1, with its recommended type preferences.</summary>
    internal static uint ComputePriority(IceCandidateType type, ushort localPreference)
    {
        uint typePreference = type switch
        {
            IceCandidateType.Host => 126,
            IceCandidateType.PeerReflexive => 110,
            IceCandidateType.ServerReflexive => 100,
            _ => 0,
        };
        return (typePreference << 24) + ((uint)localPreference << 8) + (256 - ComponentId);
    }

    /// <summary>A remote candidate that no signaling told of: a check came from it (RFC 8445 section 7.3.1.3).</summary>
    internal static IceCandidate CreatePeerReflexive(TransportAddress address, uint priority) =>
        new(CreateFoundation(IceCandidateType.PeerReflexive, address), priority, address, IceCandidateType.PeerReflexive, null, address);

    /// <summary>
    /// Parses <c>candidate:foundation 1 udp priority address port typ type [raddr address rport port] [ufrag text] …</c> (RFC 8839
    /// section 5.1). False for other components, TCP, groups and broadcasts, and names in place of addresses (browsers write
    /// <c>.local</c> names).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IceCandidate? candidate)
    {
        candidate = null;
        text = text.Trim();
        if (text.StartsWith("a=", StringComparison.Ordinal))
        {
            text = text[2..];
        }

        if (text.Length > MaxTextLength || !text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        string[] words = text[Prefix.Length..].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 8 || words[0].Length > 32 || words[0].AsSpan().ContainsAnyExcept(IceCharacters) || words[1] != "1" ||
            !words[2].Equals("udp", StringComparison.OrdinalIgnoreCase) ||
            !uint.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out uint priority) || priority is 0 or > int.MaxValue ||
            !TryParseAddress(words[4], words[5], out TransportAddress address) || address.Port == 0 || !address.IsUnicast ||
            words[6] != "typ" || !TryParseType(words[7], out IceCandidateType type))
        {
            return false;
        }

        TransportAddress? related = null;
        string? usernameFragment = null;
        for (int i = 8; i + 1 < words.Length; i += 2)
        {
            if (words[i] == "raddr" && i + 3 < words.Length && words[i + 2] == "rport" && TryParseAddress(words[i + 1], words[i + 3], out TransportAddress parsed))
            {
                related = parsed;
            }
            else if (words[i] == "ufrag")
            {
                usernameFragment = words[i + 1];
            }
        }

        candidate = new IceCandidate(words[0], priority, address, type, related, address) { UsernameFragment = usernameFragment };
        return true;
    }

    /// <summary>The candidate as an attribute value of SDP (RFC 8839 section 5.1), without <c>a=</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Prefix}{Foundation} {ComponentId} udp {Priority} {Address.Address} {Address.Port} typ {FormatType(Type)}");
        if (Type is not IceCandidateType.Host)
        {
            TransportAddress related = RelatedAddress ?? TransportAddress.FromBytes(new byte[Address.AddressLength], 0);
            text.Append(CultureInfo.InvariantCulture, $" raddr {related.Address} rport {related.Port}");
        }

        if (UsernameFragment is not null)
        {
            text.Append(" ufrag ").Append(UsernameFragment);
        }

        return text.ToString();
    }

    private static bool TryParseAddress(string address, string port, out TransportAddress result)
    {
        result = default;
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) &&
            address.AsSpan().IndexOfAnyExcept(AddressCharacters) < 0 && TransportAddress.TryParse(address, number, out result);
    }

    private static bool TryParseType(string text, out IceCandidateType type)
    {
        type = text switch
        {
            "host" => IceCandidateType.Host,
            "srflx" => IceCandidateType.ServerReflexive,
            "prflx" => IceCandidateType.PeerReflexive,
            "relay" => IceCandidateType.Relayed,
            _ => (IceCandidateType)(-1),
        };
        return (int)type >= 0;
    }

    private static string FormatType(IceCandidateType type) => type switch
    {
        IceCandidateType.Host => "host",
        IceCandidateType.ServerReflexive => "srflx",
        IceCandidateType.PeerReflexive => "prflx",
        _ => "relay",
    };

    private static string CreateFoundation(IceCandidateType type, TransportAddress address)
    {
        Span<byte> bytes = stackalloc byte[17];
        bytes[0] = (byte)type;
        address.WriteAddressBytes(bytes[1..]);
        return Crc32.Compute(bytes[..(1 + address.AddressLength)]).ToString(CultureInfo.InvariantCulture);
    }
}
