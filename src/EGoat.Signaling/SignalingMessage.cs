using System.Text.Json;
using System.Text.Json.Serialization;

namespace EGoat.Signaling;

/// <summary>Any message of the signaling protocol (docs/protocol.md §2); members that a type does not have are null.</summary>
internal sealed record SignalingMessage
{
    public required string? Type { get; init; }

    public int? V { get; init; }

    public string? Room { get; init; }

    public string? Peer { get; init; }

    public string? Ticket { get; init; }

    public string? Token { get; init; }

    public string? To { get; init; }

    public string? From { get; init; }

    public string? Data { get; init; }

    public int? N { get; init; }

    /// <summary>Peer ids. What arrives may have any entries, null too.</summary>
    public IReadOnlyList<string>? Peers { get; init; }

    /// <summary>Servers. What arrives may have any entries, null too.</summary>
    public IReadOnlyList<IceServerEntry>? IceServers { get; init; }

    public string? Code { get; init; }

    public string? Message { get; init; }

    public static SignalingMessage Error(string code, string message) => new() { Type = "error", Code = code, Message = message };

    /// <summary>Reads a frame; null when it is not one JSON object with a type.</summary>
    public static SignalingMessage? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SignalingJson.Default.SignalingMessage);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is for escapes of half a character.
            return null;
        }
    }

    /// <summary>The frame, UTF-8.</summary>
    public byte[] Format() => JsonSerializer.SerializeToUtf8Bytes(this, SignalingJson.Default.SignalingMessage);
}

/// <summary>How signaling messages are written: camelCase, nothing that is null.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 8)]
[JsonSerializable(typeof(SignalingMessage))]
internal sealed partial class SignalingJson : JsonSerializerContext;
