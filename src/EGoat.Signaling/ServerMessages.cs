namespace EGoat.Signaling;

/// <summary>
/// Reads what a server says on one connection. Every member of every message is checked; what does not fit is left out, and told
/// once. Nothing here throws for anything that arrives but the answer to a join.
/// </summary>
internal sealed class ServerMessages(string ownPeer)
{
    /// <summary>The characters of a server's reason that are told.</summary>
    private const int MaxReasonLength = 300;

    private const int MaxTicketLength = 256;
    private const int MaxPeers = 1024;
    private const int MaxIceServers = 32;
    private const int MaxUrls = 16;
    private const int MaxIceTextLength = 512;

    private string? _warning;
    private bool _hasWarned;

    /// <summary>The last error that the server told, unless it was about one message only.</summary>
    public string? LastError { get; private set; }

    /// <summary>What to tell about what was left out; null when there is nothing, or it was told.</summary>
    public string? TakeWarning()
    {
        string? warning = _warning;
        _warning = null;
        return warning;
    }

    /// <summary>Reads the answer to a join.</summary>
    /// <exception cref="SignalingException">It is a refusal, or nothing that a signaling server says.</exception>
    public SignalingJoined ReadJoined(string? text, Uri server, bool isRejoin, out string? ticket)
    {
        SignalingMessage? answer = text is null ? null : SignalingMessage.Parse(text);
        if (answer is not { Type: "joined", Ticket: { Length: > 0 and <= MaxTicketLength } })
        {
            throw answer is { Type: "error" }
                ? new SignalingException(Shorten(answer.Code, 64), $"The signaling server {SignalingClient.Display(server)} refuses: {Cut(answer.Message)}", null)
                : new SignalingException(SignalingErrors.NotAServer, WebSocketConnector.Explain(SignalingErrors.NotAServer, server), null);
        }

        ticket = answer.Ticket;
        string[] peers = [.. Fitting(answer.Peers, MaxPeers, id => SignalingLimits.IsPeerId(id) && id != ownPeer, "a peer id").Distinct()!];
        IceServerEntry[] iceServers = [.. Fitting(answer.IceServers, MaxIceServers, IsIceServer, "a STUN or TURN server")!];
        return new SignalingJoined(peers, iceServers, isRejoin);
    }

    /// <summary>Reads a later message. Null when it says nothing to the room.</summary>
    public SignalingEvent? Read(string text)
    {
        switch (SignalingMessage.Parse(text))
        {
            case { Type: "peer-joined", Peer: { } peer } when IsOther(peer):
                return new SignalingPeerJoined(peer);
            case { Type: "peer-left", Peer: { } peer } when IsOther(peer):
                return new SignalingPeerLeft(peer);
            case { Type: "signal", From: { } from, Data: { } data } when IsOther(from):
                return new SignalingReceived(from, data);
            case { Type: "error", Code: "unknown-peer" } or { Type: "pong" }:
                return null;
            case { Type: "error" } error:
                LastError = $"The signaling server ended the connection: {Cut(error.Message)}";
                return null;
            case { Type: "peer-joined" or "peer-left" or "signal" or "joined" or null } or null:
                Warn("a message that does not fit the protocol");
                return null;
            default:
                return null; // Of a later version.
        }
    }

    private bool IsOther(string peer) => SignalingLimits.IsPeerId(peer) && peer != ownPeer;

    private static bool IsIceServer(IceServerEntry? entry) =>
        entry is { Urls: { Count: > 0 and <= MaxUrls } urls } && urls.All(u => u is { Length: > 0 and <= MaxIceTextLength }) &&
        (entry.Username is null or { Length: <= MaxIceTextLength }) &&
        (entry.Credential is null or { Length: <= MaxIceTextLength });

    private T[] Fitting<T>(IReadOnlyList<T>? values, int max, Func<T, bool> fits, string what)
    {
        T[] fitting = [.. (values ?? []).Where(fits).Take(max)];
        if (fitting.Length < (values?.Count ?? 0))
        {
            Warn($"a list of which {values!.Count - fitting.Length} entries are not {what}");
        }

        return fitting;
    }

    private void Warn(string what)
    {
        if (!_hasWarned)
        {
            _hasWarned = true;
            _warning = $"The signaling server has sent {what}. It was left out, as others will be.";
        }
    }

    private static string Cut(string? message) => message is { Length: > MaxReasonLength } ? $"{message[..MaxReasonLength]}…" : message ?? "";

    private static string Shorten(string? code, int length) => code is { Length: > 0 } ? code[..Math.Min(code.Length, length)] : "bad-message";
}
