using System.Text.Json;
using System.Text.Json.Serialization;

namespace EGoat.Mesh.Peers;

/// <summary>What two peers say to each other through the signaling server (docs/protocol.md §2, "Introductions").</summary>
internal sealed record Introduction
{
    public required string Kind { get; init; }

    public string? Session { get; init; }

    public string? Sdp { get; init; }

    public string? Candidate { get; init; }

    /// <summary>Reads what a peer said; null when it is none.</summary>
    public static Introduction? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, IntroductionJson.Default.Introduction);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string Format() => JsonSerializer.Serialize(this, IntroductionJson.Default.Introduction);
}

/// <summary>How introductions are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 4)]
[JsonSerializable(typeof(Introduction))]
internal sealed partial class IntroductionJson : JsonSerializerContext;
