using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using EGoat.Keys;

namespace EGoat.Mesh.Protocol;

/// <summary>Reads and writes control messages. Reading never throws: whatever a peer sends is either a message or malformed.</summary>
internal static class ControlCodec
{
    /// <summary>Deep nesting has no place in a control message; deeper ones are malformed.</summary>
    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions ReadOptions = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private static readonly JsonWriterOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads one message; false when it is not one JSON object in the documented form.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> utf8, out ControlMessage message)
    {
        message = null!;
        if (utf8.Length > ControlMessage.MaxBytes)
        {
            return false;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, ReadOptions);
            return document.RootElement.ValueKind == JsonValueKind.Object && TryRead(new JsonReadContext(document.RootElement), out message);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not valid UTF-8, or holds a lone surrogate escape.
            return false;
        }
    }

    /// <summary>Writes one message as UTF-8.</summary>
    public static byte[] Encode(ControlMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, WriteOptions))
        {
            json.WriteStartObject();
            Write(json, message);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Whether <paramref name="text"/> is a lower-case UUIDv7, the form of message and transfer ids.</summary>
    public static bool IsUuid(ReadOnlySpan<char> text)
    {
        if (text.Length != 36 || text[14] != '7' || text[19] is not ('8' or '9' or 'a' or 'b'))
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            bool valid = i is 8 or 13 or 18 or 23 ? text[i] == '-' : char.IsAsciiHexDigitLower(text[i]);
            if (!valid)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryRead(JsonReadContext json, out ControlMessage message)
    {
        message = null!;
        if (!json.TryString("type", 64, out string type))
        {
            return false;
        }

        message = type switch
        {
            "hello" => ReadHello(json)!,
            "text" => json.TryUuid(out string id) && json.TryLong("at", out long at) && json.TryText("text", out string text)
                ? new TextMessage(id, at, text, json.Flag("private"))
                : null!,
            "receipt" => json.TryUuid(out string id) ? new ReceiptMessage(id) : null!,
            "typing" => new TypingMessage(),
            "transfer" => json.TryUuid(out string id) && json.TryInt("count", out int count) && json.TryLong("total", out long total)
                && count > 0 && total >= -1
                ? new TransferMessage(id, count, total, json.Cut("name"))
                : null!,
            "accept" => ReadAccept(json)!,
            "reject" => json.TryUuid(out string id) ? new RejectMessage(id, json.Cut("reason")) : null!,
            "cancel" => json.TryUuid(out string id) ? new CancelMessage(id, json.Cut("reason")) : null!,
            "pause" => json.TryUuid(out string id) ? new PauseMessage(id) : null!,
            "resume" => json.TryUuid(out string id) ? new ResumeMessage(id) : null!,
            "done" => json.TryUuid(out string id) && json.TryInt("files", out int files) && json.TryLong("bytes", out long bytes)
                && files >= 0 && bytes >= 0
                ? new DoneMessage(id, files, bytes)
                : null!,
            "bye" => new ByeMessage(json.Cut("reason")),
            _ => new UnknownMessage(type),
        };
        return message is not null;
    }

    private static HelloMessage? ReadHello(JsonReadContext json)
    {
        if (!json.TryInt("v", out int version) || version < 1)
        {
            return null;
        }

        // A later version may look different: only its number counts, to refuse it politely.
        if (version > ControlMessage.Version)
        {
            return new HelloMessage(version, "", "", false, []);
        }

        return json.TryString("instance", ControlMessage.MaxNameLength, out string instance) && Base32.IsId(instance)
            ? new HelloMessage(version, json.Cut("name"), instance, json.Flag("accepts"), json.Strings("features", HelloMessage.MaxFeatures))
            : null;
    }

    private static AcceptMessage? ReadAccept(JsonReadContext json) =>
        json.TryUuid(out string id) && json.TryIndices("files", out IReadOnlyList<int>? files)
            ? new AcceptMessage(id, files, json.Flag("have"))
            : null;

    private static void Write(Utf8JsonWriter json, ControlMessage message)
    {
        switch (message)
        {
            case HelloMessage hello:
                WriteHello(json, hello);
                break;
            case TextMessage text:
                WriteHead(json, "text", text.Id);
                json.WriteNumber("at", text.At);
                json.WriteString("text", text.Text);
                json.WriteBoolean("private", text.Private);
                break;
            case ReceiptMessage receipt:
                WriteHead(json, "receipt", receipt.Id);
                break;
            case TypingMessage:
                json.WriteString("type", "typing");
                break;
            case TransferMessage transfer:
                WriteHead(json, "transfer", transfer.Id);
                json.WriteNumber("count", transfer.Count);
                json.WriteNumber("total", transfer.Total);
                json.WriteString("name", transfer.Name);
                break;
            case AcceptMessage accept:
                WriteAccept(json, accept);
                break;
            case RejectMessage reject:
                WriteHead(json, "reject", reject.Id);
                json.WriteString("reason", reject.Reason);
                break;
            case CancelMessage cancel:
                WriteHead(json, "cancel", cancel.Id);
                json.WriteString("reason", cancel.Reason);
                break;
            case PauseMessage pause:
                WriteHead(json, "pause", pause.Id);
                break;
            case ResumeMessage resume:
                WriteHead(json, "resume", resume.Id);
                break;
            case DoneMessage done:
                WriteHead(json, "done", done.Id);
                json.WriteNumber("files", done.Files);
                json.WriteNumber("bytes", done.Bytes);
                break;
            case ByeMessage bye:
                json.WriteString("type", "bye");
                if (bye.Reason.Length > 0)
                {
                    json.WriteString("reason", bye.Reason);
                }

                break;
            default:
                throw new ArgumentException($"A {message.GetType().Name} is never sent.", nameof(message));
        }
    }

    private static void WriteHead(Utf8JsonWriter json, string type, string id)
    {
        json.WriteString("type", type);
        json.WriteString("id", id);
    }

    private static void WriteHello(Utf8JsonWriter json, HelloMessage hello)
    {
        json.WriteString("type", "hello");
        json.WriteNumber("v", hello.V);
        json.WriteString("name", hello.Name);
        json.WriteString("instance", hello.Instance);
        json.WriteBoolean("accepts", hello.Accepts);
        json.WriteStartArray("features");
        foreach (string feature in hello.Features)
        {
            json.WriteStringValue(feature);
        }

        json.WriteEndArray();
    }

    private static void WriteAccept(Utf8JsonWriter json, AcceptMessage accept)
    {
        WriteHead(json, "accept", accept.Id);
        if (accept.Files is null)
        {
            json.WriteNull("files");
        }
        else
        {
            json.WriteStartArray("files");
            WriteIndices(json, accept.Files);
            json.WriteEndArray();
        }

        json.WriteBoolean("have", accept.Have);
    }

    // A long list is written as ranges, which only some peers read; a short one never is.
    private static void WriteIndices(Utf8JsonWriter json, IReadOnlyList<int> indices)
    {
        for (int i = 0; i < indices.Count; i++)
        {
            int first = i;
            while (indices.Count > AcceptMessage.MaxPlainIndices && i + 1 < indices.Count && indices[i + 1] == indices[i] + 1)
            {
                i++;
            }

            if (i == first)
            {
                json.WriteNumberValue(indices[i]);
            }
            else
            {
                json.WriteStartArray();
                json.WriteNumberValue(indices[first]);
                json.WriteNumberValue(indices[i]);
                json.WriteEndArray();
            }
        }
    }
}
