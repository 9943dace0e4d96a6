namespace EGoat.Signaling;

/// <summary>A STUN or TURN server that peers may use (W3C RTCIceServer).</summary>
/// <param name="Urls">Its <c>stun:</c>, <c>turn:</c> or <c>turns:</c> URLs.</param>
/// <param name="Username">The user name for TURN, or null.</param>
/// <param name="Credential">The password for TURN, or null.</param>
public sealed record IceServer(IReadOnlyList<string> Urls, string? Username = null, string? Credential = null);
