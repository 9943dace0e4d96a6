using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EGoat.History;

/// <summary>The history as JSON lines; <c>docs/history.md</c> has the members. What is null is left out; unknown members are ignored.</summary>
internal static class JsonLines
{
    private const int MaxDepth = 8;

    // Texts stay readable in an editor; what a line must not hold is escaped all the same.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> to, EGoatMessage message, IEnumerable<EGoatDelivery> deliveries)
    {
        using var json = new Utf8JsonWriter(to, Options);
        json.WriteStartObject();
        json.WriteString("type", "message");
        json.WriteString("id", message.Id);
        json.WriteString("room", message.Room);
        json.WriteString("from", message.From);
        json.WriteString("fromIdentity", message.FromIdentity);
        json.WriteString("text", message.Text);
        json.WriteString("sentAt", message.SentAt);
        json.WriteString("receivedAt", message.ReceivedAt);
        json.WriteString("direction", message.Direction.ToString());
        json.WriteBoolean("private", message.Private);
        json.WriteStartArray("deliveries");
        foreach (EGoatDelivery delivery in deliveries)
        {
            json.WriteStartObject();
            json.WriteString("peer", delivery.Peer);
            json.WriteString("peerIdentity", delivery.PeerIdentity);
            json.WriteString("state", delivery.State.ToString());
            WriteOptional(json, "reason", delivery.Reason);
            json.WriteString("at", delivery.At);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Write(IBufferWriter<byte> to, EGoatTransfer transfer)
    {
        using var json = new Utf8JsonWriter(to, Options);
        json.WriteStartObject();
        json.WriteString("type", "transfer");
        json.WriteString("id", transfer.Id);
        json.WriteString("room", transfer.Room);
        json.WriteString("name", transfer.Name);
        json.WriteString("path", transfer.Path);
        json.WriteString("peer", transfer.Peer);
        json.WriteString("peerIdentity", transfer.PeerIdentity);
        json.WriteString("direction", transfer.Direction.ToString());
        json.WriteNumber("length", transfer.Length);
        json.WriteNumber("transferred", transfer.BytesTransferred);
        json.WriteNumber("resumed", transfer.BytesResumed);
        WriteOptional(json, "treeHash", transfer.TreeHash);
        json.WriteString("state", transfer.State.ToString());
        WriteOptional(json, "error", transfer.Error);
        json.WriteString("started", transfer.Started);
        if (transfer.Finished is { } finished)
        {
            json.WriteString("finished", finished);
        }

        json.WriteNumber("rate", transfer.Rate);
        json.WriteEndObject();
    }

    public static void Write(IBufferWriter<byte> to, SeenIdentity identity)
    {
        using var json = new Utf8JsonWriter(to, Options);
        json.WriteStartObject();
        json.WriteString("type", "identity");
        json.WriteString("identity", identity.Identity);
        json.WriteString("name", identity.Name);
        json.WriteString("room", identity.Room);
        json.WriteString("firstSeen", identity.FirstSeen);
        json.WriteString("lastSeen", identity.LastSeen);
        json.WriteEndObject();
    }

    /// <exception cref="FormatException">It is not such a line.</exception>
    public static ImportedRecord Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = MaxDepth });
            JsonElement json = document.RootElement;
            return (json.GetProperty("type").GetString() switch
            {
                "message" => ParseMessage(json),
                "transfer" => new ImportedRecord { Transfer = ParseTransfer(json) },
                "identity" => new ImportedRecord { Identity = new SeenIdentity(GetText(json, "identity"), GetText(json, "name"), GetText(json, "room"), GetTime(json, "firstSeen"), GetTime(json, "lastSeen")) },
                _ => throw new FormatException("Its type is none of message, transfer, identity."),
            }).Check();
        }
        catch (JsonException e)
        {
            throw new FormatException("It is not JSON.", e);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or ArgumentException or OverflowException)
        {
            throw new FormatException("A member is missing, or has a value that cannot be.", e);
        }
    }

    private static ImportedRecord ParseMessage(JsonElement json)
    {
        var message = new EGoatMessage
        {
            Id = GetText(json, "id"),
            Room = GetText(json, "room"),
            From = GetText(json, "from"),
            FromIdentity = GetText(json, "fromIdentity"),
            Text = GetText(json, "text"),
            SentAt = GetTime(json, "sentAt"),
            ReceivedAt = GetTime(json, "receivedAt"),
            Direction = GetName<EGoatDirection>(json, "direction"),
            Private = json.TryGetProperty("private", out JsonElement isPrivate) && isPrivate.GetBoolean(),
        };
        return new ImportedRecord
        {
            Message = message,
            Deliveries = json.TryGetProperty("deliveries", out JsonElement deliveries) ? [.. deliveries.EnumerateArray().Select(d => ParseDelivery(message, d))] : [],
        };
    }

    private static EGoatDelivery ParseDelivery(EGoatMessage message, JsonElement json) => new()
    {
        MessageId = message.Id,
        Room = message.Room,
        Peer = GetText(json, "peer"),
        PeerIdentity = GetText(json, "peerIdentity"),
        State = GetName<EGoatDeliveryState>(json, "state"),
        Reason = GetOptional(json, "reason"),
        At = GetTime(json, "at"),
    };

    private static EGoatTransfer ParseTransfer(JsonElement json) => new()
    {
        Id = GetText(json, "id"),
        Room = GetText(json, "room"),
        Name = GetText(json, "name"),
        Path = GetText(json, "path"),
        Peer = GetText(json, "peer"),
        PeerIdentity = GetText(json, "peerIdentity"),
        Direction = GetName<EGoatDirection>(json, "direction"),
        Length = GetLength(json, "length"),
        BytesTransferred = GetLength(json, "transferred"),
        BytesResumed = GetLength(json, "resumed"),
        TreeHash = GetOptional(json, "treeHash"),
        State = GetName<EGoatTransferState>(json, "state"),
        Error = GetOptional(json, "error"),
        Started = GetTime(json, "started"),
        Finished = json.TryGetProperty("finished", out _) ? GetTime(json, "finished") : null,
        Rate = json.GetProperty("rate").GetDouble(),
    };

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static string GetText(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null.");

    private static string? GetOptional(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static DateTimeOffset GetTime(JsonElement json, string name) =>
        json.GetProperty(name).TryGetDateTimeOffset(out DateTimeOffset time) ? time : throw new FormatException($"'{name}' is not a time.");

    private static long GetLength(JsonElement json, string name) =>
        json.GetProperty(name).TryGetInt64(out long length) && length >= 0 ? length : throw new FormatException($"'{name}' is not a length.");

    private static T GetName<T>(JsonElement json, string name)
        where T : struct, Enum => Names.Parse<T>(GetText(json, name));
}
