using System.Text;
using System.Text.Json;

namespace EGoat.Mesh.Protocol;

/// <summary>Members of one JSON object from a peer, read with the type and size that they must have.</summary>
internal readonly struct JsonReadContext(JsonElement element)
{
    /// <summary>A string member of at most <paramref name="maxLength"/> characters.</summary>
    public bool TryString(string name, int maxLength, out string value)
    {
        value = "";
        if (!element.TryGetProperty(name, out JsonElement member) || member.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        value = member.GetString()!;
        return value.Length <= maxLength;
    }

    /// <summary>The member <c>id</c>, a UUIDv7.</summary>
    public bool TryUuid(out string id) => TryString("id", 36, out id) && ControlCodec.IsUuid(id);

    /// <summary>A chat text of at most <see cref="ControlMessage.MaxTextBytes"/>.</summary>
    public bool TryText(string name, out string value) =>
        TryString(name, ControlMessage.MaxTextBytes, out value) && Encoding.UTF8.GetByteCount(value) <= ControlMessage.MaxTextBytes;

    /// <summary>An integer member.</summary>
    public bool TryLong(string name, out long value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out value);
    }

    /// <summary>A small integer member.</summary>
    public bool TryInt(string name, out int value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out value);
    }

    /// <summary>A boolean member; false when absent or of another type.</summary>
    public bool Flag(string name) => element.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.True;

    /// <summary>A string for people to read, cut at <see cref="ControlMessage.MaxNameLength"/> characters; empty when absent.</summary>
    public string Cut(string name)
    {
        if (!element.TryGetProperty(name, out JsonElement member) || member.ValueKind != JsonValueKind.String)
        {
            return "";
        }

        string value = member.GetString()!;
        if (value.Length <= ControlMessage.MaxNameLength)
        {
            return value;
        }

        int end = char.IsHighSurrogate(value[ControlMessage.MaxNameLength - 1]) ? ControlMessage.MaxNameLength - 1 : ControlMessage.MaxNameLength;
        return value[..end];
    }

    /// <summary>The first <paramref name="maxCount"/> strings of an array; empty when absent.</summary>
    public IReadOnlyList<string> Strings(string name, int maxCount)
    {
        if (!element.TryGetProperty(name, out JsonElement member) || member.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var strings = new List<string>();
        foreach (JsonElement item in member.EnumerateArray().Take(maxCount))
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: <= ControlMessage.MaxNameLength } text)
            {
                strings.Add(text);
            }
        }

        return strings;
    }

    /// <summary>An array of indices from 0 and of ranges <c>[first, last]</c>, or null when the member is null or absent.</summary>
    public bool TryIndices(string name, out IReadOnlyList<int>? indices)
    {
        indices = null;
        if (!element.TryGetProperty(name, out JsonElement member) || member.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (member.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        var list = new List<int>(member.GetArrayLength());
        foreach (JsonElement item in member.EnumerateArray())
        {
            JsonElement first = item;
            JsonElement last = item;
            if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2)
            {
                (first, last) = (item[0], item[1]);
            }

            if (!TryIndex(first, out int from) || !TryIndex(last, out int to) || to < from || to >= Manifest.MaxEntries || list.Count + (to - from) >= Manifest.MaxEntries)
            {
                return false;
            }

            list.AddRange(Enumerable.Range(from, to - from + 1));
        }

        indices = list;
        return true;
    }

    private static bool TryIndex(JsonElement item, out int index)
    {
        index = -1;
        return item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out index) && index >= 0;
    }
}
