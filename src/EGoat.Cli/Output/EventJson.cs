using System.Globalization;
using System.Text;
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
    public static string Row(EGoatMessage message) => Write(JsonSerializer.SerializeToNode(message, OutputJson.Default.EGoatMessage)!);

    /// <summary>A row of the history of files, without <c>event</c>.</summary>
    public static string Row(EGoatTransfer transfer) => Write(JsonSerializer.SerializeToNode(transfer, OutputJson.Default.EGoatTransfer)!);

    public static string Warning(string text) => Object(new JsonObject { ["event"] = "warning", ["text"] = text });

    public static string Object(JsonObject value) => Write(value);

    private static string Format<T>(string @event, T value, JsonTypeInfo<T> type)
    {
        var line = new JsonObject { ["event"] = @event };
        JsonObject properties = JsonSerializer.SerializeToNode(value, type)!.AsObject();
        foreach ((string name, JsonNode? property) in properties)
        {
            line[name] = property?.DeepClone();
        }

        return Write(line);
    }

    // Outside of strings JSON has none of these characters: each may be written as an escape.
    private static string Write(JsonNode value)
    {
        string line = value.ToJsonString(Options);
        if (!line.Any(IsInvisible))
        {
            return line;
        }

        var written = new StringBuilder(line.Length + 64);
        foreach (char c in line)
        {
            _ = IsInvisible(c) ? written.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}") : written.Append(c);
        }

        return written.ToString();
    }

    // What would reorder or hide the text around it, if somebody looks at the line.
    private static bool IsInvisible(char c) => char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}

/// <summary>What is written as JSON: camelCase, enumerations by name.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(EGoatMessage))]
[JsonSerializable(typeof(EGoatDelivery))]
[JsonSerializable(typeof(EGoatTransfer))]
[JsonSerializable(typeof(EGoatPeer))]
internal sealed partial class OutputJson : JsonSerializerContext;
