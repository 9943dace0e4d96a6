using System.Text.Json;
using System.Text.Json.Serialization;

namespace EGoat.Mesh.Peers;

/// <summary>What two peers say to each other through the signaling server (docs/protocol.md §2, "Introductions"). A closed set.</summary>
internal abstract record Introduction
{
    private const int MaxSessionLength = 32;

    private Introduction()
    {
    }

    /// <summary>Reads what a peer said; null when it is none of the introductions, or lacks what its kind needs.</summary>
    public static Introduction? Parse(string text) => IntroductionCodec.Read(text) is { } json ? FromJson(json) : null;

    /// <summary>Writes it as it is passed to the signaling server.</summary>
    public string Format() => JsonSerializer.Serialize(ToJson(), IntroductionContext.Default.IntroductionJson);

    /// <summary>Takes it out of its JSON object; null when it lacks what its kind needs.</summary>
    public static Introduction? FromJson(IntroductionJson json) => json switch
    {
        { Session: { } id } when !IsSession(id) => null,
        { Kind: "offer", Session: { } session, Sdp: { } sdp } => new Offer(session, sdp),
        { Kind: "answer", Session: { } session, Sdp: { } sdp } => new Answer(session, sdp),
        { Kind: "candidate", Session: { } session, Candidate: { } candidate } => new Candidate(session, candidate),
        { Kind: "restart", Session: { } session } => new IceRestartRequest(session),
        { Kind: "restart" } => new OfferRequest(),
        _ => null,
    };

    /// <summary>Puts it into its JSON object.</summary>
    public IntroductionJson ToJson() => this switch
    {
        Offer offer => new IntroductionJson { Kind = "offer", Session = offer.Session, Sdp = offer.Sdp },
        Answer answer => new IntroductionJson { Kind = "answer", Session = answer.Session, Sdp = answer.Sdp },
        Candidate candidate => new IntroductionJson { Kind = "candidate", Session = candidate.Session, Candidate = candidate.Text },
        IceRestartRequest request => new IntroductionJson { Kind = "restart", Session = request.Session },
        _ => new IntroductionJson { Kind = "restart" },
    };

    private static bool IsSession(string session) => session.Length is > 0 and <= MaxSessionLength && session.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9'));

    /// <summary>Begins a session, or restarts ICE in the session of that name.</summary>
    internal sealed record Offer(string Session, string Sdp) : Introduction;

    /// <summary>Answers the offer of a session.</summary>
    internal sealed record Answer(string Session, string Sdp) : Introduction;

    /// <summary>An address to try; an empty text says that there are no more.</summary>
    internal sealed record Candidate(string Session, string Text) : Introduction;

    /// <summary>Asks the side that offers for a new session.</summary>
    internal sealed record OfferRequest : Introduction;

    /// <summary>Asks the side that offered a session to restart its ICE.</summary>
    internal sealed record IceRestartRequest(string Session) : Introduction;
}

/// <summary>The JSON object of an introduction; members that a kind does not have are null.</summary>
internal sealed record IntroductionJson
{
    public required string Kind { get; init; }

    public string? Session { get; init; }

    public string? Sdp { get; init; }

    public string? Candidate { get; init; }

    /// <summary>The SDP, the candidate, or nothing, sealed with the key of the room.</summary>
    public string? Sealed { get; init; }
}

/// <summary>How introductions are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 4)]
[JsonSerializable(typeof(IntroductionJson))]
internal sealed partial class IntroductionContext : JsonSerializerContext;
