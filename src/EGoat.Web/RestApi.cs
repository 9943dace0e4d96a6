using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EGoat.Signaling;
using Microsoft.AspNetCore.Http;

namespace EGoat.Web;

/// <summary>
/// The REST API for the page of this machine: <c>GET /api/status</c>, <c>GET /api/rooms</c>, <c>GET /api/history</c> with
/// room, peer, since, until, text, order, take and before or after, and <c>POST /api/history</c> with one message.
/// </summary>
internal sealed class RestApi(SignalingHub hub, IRoomStore? store, string version)
{
    private const int DefaultPageSize = 200;
    private const int MaxBodyLength = 256 * 1024;
    private const int IdLength = 36;
    private const int MaxIdentityLength = 64;
    private const int MaxNameLength = 256;

    /// <summary>Answers a request whose path begins with /api/ and that is authorized.</summary>
    public Task HandleAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        ("GET", "/api/status") => WriteAsync(context, new ServerStatus(version, hub.Rooms.Count, hub.Rooms.Sum(r => r.Members), store is not null), RestJson.Default.ServerStatus),
        ("GET", "/api/rooms") => WriteAsync(context, [.. hub.Rooms.Select(r => new RoomStatus(r.Name, r.Members))], RestJson.Default.RoomStatusArray),
        ("GET", "/api/history") => QueryAsync(context),
        ("POST", "/api/history") => AddAsync(context),
        _ => RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such resource."),
    };

    public static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new RestError(message), RestJson.Default.RestError);
    }

    private static async Task WriteAsync<T>(HttpContext context, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task QueryAsync(HttpContext context)
    {
        if (store is null)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "This server keeps no history.").ConfigureAwait(false);
            return;
        }

        if (!TryReadQuery(context.Request.Query, out HistoryQuery query, out string wrong))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The parameter '{wrong}' is not valid.").ConfigureAwait(false);
            return;
        }

        var messages = new List<EGoatMessage>();
        await foreach (EGoatMessage message in store.QueryMessagesAsync(query, context.RequestAborted).ConfigureAwait(false))
        {
            messages.Add(message);
        }

        await WriteAsync(context, [.. messages], RestJson.Default.EGoatMessageArray).ConfigureAwait(false);
    }

    private static bool TryReadQuery(IQueryCollection parameters, out HistoryQuery query, out string wrong)
    {
        query = new HistoryQuery { Take = DefaultPageSize };
        wrong = "";
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in parameters)
        {
            string value = values.ToString();
            bool isNumber = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
            bool isTime = DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
            HistoryQuery? next = name switch
            {
                _ when value.Contains('\0', StringComparison.Ordinal) => null,
                "room" => query with { Room = value },
                "peer" => query with { Peer = value },
                "text" => query with { Text = value },
                "order" => value is "newest" or "oldest" ? query with { NewestFirst = value == "newest" } : null,
                "since" => isTime ? query with { Since = time } : null,
                "until" => isTime ? query with { Until = time } : null,
                "before" => isNumber ? query with { BeforeSequence = number } : null,
                "after" => isNumber ? query with { AfterSequence = number } : null,
                "take" => isNumber && number is > 0 and <= HistoryQuery.MaxPageSize ? query with { Take = (int)number } : null,
                _ => null,
            };
            if (next is null)
            {
                wrong = name;
                return false;
            }

            query = next;
        }

        return true;
    }

    private async Task AddAsync(HttpContext context)
    {
        if (store is null)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "This server keeps no history.").ConfigureAwait(false);
            return;
        }

        if (context.Request.ContentLength is not (> 0 and <= MaxBodyLength))
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, "A message has a Content-Length of at most 256 KiB.").ConfigureAwait(false);
            return;
        }

        (EGoatMessage? message, string? wrong) = await ReadMessageAsync(context).ConfigureAwait(false);
        if (message is null || (wrong ??= FindWrong(message)) is not null)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The body is not a message: {wrong} is missing or not valid.").ConfigureAwait(false);
            return;
        }

        (EGoatMessage stored, _) = await store.AddMessageAsync(message with { Sequence = 0 }, context.RequestAborted).ConfigureAwait(false);
        await WriteAsync(context, stored, RestJson.Default.EGoatMessage).ConfigureAwait(false);
    }

    // The message, or the member of the body that is to blame.
    private static async Task<(EGoatMessage? Message, string? Wrong)> ReadMessageAsync(HttpContext context)
    {
        try
        {
            return (await JsonSerializer.DeserializeAsync(context.Request.Body, RestJson.Default.EGoatMessage, context.RequestAborted).ConfigureAwait(false), null);
        }
        catch (JsonException e)
        {
            return (null, e.Path is { Length: > 2 } path ? path[2..] : "a member");
        }
        catch (InvalidOperationException)
        {
            return (null, "a text"); // Half of a character.
        }
    }

    private static string? FindWrong(EGoatMessage message) =>
        message.Id.Length != IdLength ? "id"
        : !SignalingLimits.IsRoomName(message.Room) ? "room"
        : message.FromIdentity.Length > MaxIdentityLength ? "fromIdentity"
        : message.From.Length > MaxNameLength ? "from"
        : !Enum.IsDefined(message.Direction) ? "direction"
        : null;
}

/// <summary>What <c>/api/status</c> tells.</summary>
internal sealed record ServerStatus(string Version, int Rooms, int Members, bool HasHistory);

/// <summary>An entry of <c>/api/rooms</c>.</summary>
internal sealed record RoomStatus(string Name, int Members);

/// <summary>Why a request was refused.</summary>
internal sealed record RestError(string Error);

/// <summary>JSON of the REST API: camelCase, enumerations by name.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, PropertyNameCaseInsensitive = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(RoomStatus[]))]
[JsonSerializable(typeof(RestError))]
[JsonSerializable(typeof(EGoatMessage))]
[JsonSerializable(typeof(EGoatMessage[]))]
internal sealed partial class RestJson : JsonSerializerContext;
