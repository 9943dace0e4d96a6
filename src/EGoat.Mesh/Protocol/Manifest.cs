using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EGoat.Mesh.Protocol;

/// <summary>A file of a manifest, as its sender describes it. Nothing in it is to be trusted.</summary>
/// <param name="Index">The index that frames use.</param>
/// <param name="Path">The relative path with forward slashes.</param>
/// <param name="Length">The length in bytes; -1 when unknown.</param>
/// <param name="ModifiedAt">When it was last written, in milliseconds since 1970; null if not told.</param>
/// <param name="Mode">Its Unix permission bits; null if not told.</param>
/// <param name="IsFolder">Whether it is a folder; its length is 0.</param>
/// <param name="Source">Tells its source from others of the same path; null if not told.</param>
internal sealed record ManifestEntry(int Index, string Path, long Length, long? ModifiedAt = null, int? Mode = null, bool IsFolder = false, string? Source = null)
{
    /// <summary>Two entries of one sender with equal keys are the same file, perhaps at different times.</summary>
    public string SourceKey => Source ?? Path;
}

/// <summary>Reads and writes manifest pages: JSON arrays of entries (docs/protocol.md §4).</summary>
internal static class Manifest
{
    /// <summary>The most files of a transfer. A longer manifest is rejected.</summary>
    public const int MaxEntries = 250_000;

    /// <summary>The most bytes of all pages of a manifest. A longer manifest is rejected.</summary>
    public const int MaxTotalBytes = 32 * 1024 * 1024;

    /// <summary>The longest path in characters; the resolver refuses longer ones, a page with a much longer one is malformed.</summary>
    public const int MaxPathLength = 4_000;

    /// <summary>The permission bits that are told and taken: read, write and execute, never those that lend rights.</summary>
    public const int ModeMask = 0x1FF;

    /// <summary>The longest source id in characters; a longer one is malformed.</summary>
    public const int MaxSourceLength = 32;

    private static readonly JsonDocumentOptions ReadOptions = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    private static readonly JsonWriterOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the JSON of one page and adds its entries; false when malformed or when indices do not go on from the last.</summary>
    public static bool TryReadPage(ReadOnlyMemory<byte> json, List<ManifestEntry> entries)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, ReadOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            foreach (JsonElement item in document.RootElement.EnumerateArray())
            {
                if (entries.Count == MaxEntries || !TryReadEntry(item, entries.Count, out ManifestEntry? entry))
                {
                    return false;
                }

                entries.Add(entry!);
            }

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Writes the pages of a manifest, each a whole MANIFEST frame of at most <see cref="FileFrame.MaxSmallLength"/> bytes.</summary>
    public static IEnumerable<byte[]> WritePages(IReadOnlyList<ManifestEntry> entries)
    {
        var page = new ArrayBufferWriter<byte>(FileFrame.MaxSmallLength);
        var item = new ArrayBufferWriter<byte>(256);
        BeginPage(page);
        bool isEmpty = true;
        foreach (ManifestEntry entry in entries)
        {
            item.Clear();
            WriteEntry(item, entry);
            if (!isEmpty && page.WrittenCount + item.WrittenCount + 2 > FileFrame.MaxSmallLength)
            {
                yield return EndPage(page, isLast: false);
                BeginPage(page);
                isEmpty = true;
            }

            if (!isEmpty)
            {
                page.Write(","u8);
            }

            page.Write(item.WrittenSpan);
            isEmpty = false;
        }

        yield return EndPage(page, isLast: true);
    }

    private static bool TryReadEntry(JsonElement item, int expectedIndex, out ManifestEntry? entry)
    {
        entry = null;
        if (item.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var json = new JsonReadContext(item);
        if (!json.TryInt("i", out int index) || index != expectedIndex
            || !json.TryString("p", FileFrame.MaxSmallLength, out string path)
            || !json.TryLong("s", out long length) || length < -1 || (json.Flag("d") && length != 0)
            || !TryReadSource(item, json, out string? source))
        {
            return false;
        }

        entry = new ManifestEntry(
            index,
            path,
            length,
            json.TryLong("t", out long modifiedAt) ? modifiedAt : null,
            json.TryInt("m", out int mode) ? mode & ModeMask : null,
            json.Flag("d"),
            source);
        return true;
    }

    private static bool TryReadSource(JsonElement item, JsonReadContext json, out string? source)
    {
        source = null;
        if (!item.TryGetProperty("k", out _))
        {
            return true;
        }

        bool isSource = json.TryString("k", MaxSourceLength, out string read) && read.Length > 0;
        source = isSource ? read : null;
        return isSource;
    }

    private static void WriteEntry(ArrayBufferWriter<byte> buffer, ManifestEntry entry)
    {
        using var json = new Utf8JsonWriter(buffer, WriteOptions);
        json.WriteStartObject();
        json.WriteNumber("i", entry.Index);
        json.WriteString("p", entry.Path);
        json.WriteNumber("s", entry.Length);
        if (entry.ModifiedAt is { } modifiedAt)
        {
            json.WriteNumber("t", modifiedAt);
        }

        if (entry.Mode is { } mode)
        {
            json.WriteNumber("m", mode);
        }

        if (entry.IsFolder)
        {
            json.WriteBoolean("d", true);
        }

        if (entry.Source is { } source)
        {
            json.WriteString("k", source);
        }

        json.WriteEndObject();
    }

    private static void BeginPage(ArrayBufferWriter<byte> page)
    {
        page.Clear();
        FileFrame.WriteManifestHeader(page.GetSpan(FileFrame.ManifestHeaderLength), isLastPage: false);
        page.Advance(FileFrame.ManifestHeaderLength);
        page.Write("["u8);
    }

    private static byte[] EndPage(ArrayBufferWriter<byte> page, bool isLast)
    {
        page.Write("]"u8);
        byte[] frame = page.WrittenSpan.ToArray();
        FileFrame.WriteManifestHeader(frame, isLast);
        return frame;
    }
}
