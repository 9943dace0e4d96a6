namespace EGoat.Signaling;

/// <summary>
/// An entry of <c>iceServers</c> in <c>joined</c> (docs/protocol.md §2): a STUN or TURN server that members are told of. Hub and
/// client pass it on as it is; whoever uses it reads its URLs.
/// </summary>
/// <param name="Urls">Its <c>stun:</c>, <c>turn:</c> or <c>turns:</c> URLs (RFC 7064 and 7065).</param>
/// <param name="Username">The user name for TURN, or null.</param>
/// <param name="Credential">The password for TURN, or null.</param>
public sealed record IceServerEntry(IReadOnlyList<string> Urls, string? Username = null, string? Credential = null);
