using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EGoat.Cli.Output;

/// <summary>Events as JSON lines: the object in camelCase, with what it is in <c>event</c>.</summary>
internal static class EventJson
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Message(string @event, EGoatMessage message) => Format(@event, message, OutputJson.Default.EGoatMessage);

    public static string Delivery(EGoatDelivery delivery) => Format("delivery", delivery, OutputJson.Default.EGoatDelivery);

    public static string Transfer(EGoatTransfer transfer) => Format("transfer", transfer, OutputJson.Default.EGoatTransfer);

    public static string Peer(string @event, EGoatPeer peer) => Format(@event, peer, OutputJson.Default.EGoatPeer);

    /// <summary>A row of the history, without <c>event</c>.</summary>
    public static string Row(EGoatMessage message) => JsonSerializer.SerializeToNode(message, OutputJson.Default.EGoatMessage)!.ToJsonString(Options);

    /// <summary>A row of the history of files, without <c>event</c>.</summary>
    public static string Row(EGoatTransfer transfer) => JsonSerializer.SerializeToNode(transfer, OutputJson.Default.EGoatTransfer)!.ToJsonString(Options);

    public static string Object(JsonObject value) => value.ToJsonString(Options);

    private static string Format<T>(string @event, T value, JsonTypeInfo<T> type)
    {
        var line = new JsonObject { ["event"] = @event };
        JsonObject properties = JsonSerializer.SerializeToNode(value, type)!.AsObject();
        foreach ((string name, JsonNode? property) in properties)
        {
            line[name] = property?.DeepClone();
        }

        return line.ToJsonString(Options);
    }
}

/// <summary>What is written as JSON: camelCase, enumerations by name.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(EGoatMessage))]
[JsonSerializable(typeof(EGoatDelivery))]
[JsonSerializable(typeof(EGoatTransfer))]
[JsonSerializable(typeof(EGoatPeer))]
internal sealed partial class OutputJson : JsonSerializerContext;
