using System.Collections.Frozen;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace EGoat.Web;

/// <summary>The files of the page, from inside of this assembly.</summary>
internal static class StaticPage
{
    private const string Prefix = "wwwroot/";

    private static readonly FrozenDictionary<string, PageFile> Files = Load();

    /// <summary>Serves a file. False when there is none of that name.</summary>
    public static async ValueTask<bool> TryServeAsync(HttpContext context)
    {
        string path = context.Request.Path.Value is null or "/" ? "index.html" : context.Request.Path.Value.TrimStart('/');
        if (!Files.TryGetValue(path, out PageFile? file))
        {
            return false;
        }

        context.Response.ContentType = Path.GetExtension(path) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            ".webmanifest" => "application/manifest+json",
            _ => "application/octet-stream",
        };
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.Vary = "Accept-Encoding";
        bool isCompressed = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        byte[] content = isCompressed ? file.Compressed : file.Content;
        if (isCompressed)
        {
            context.Response.Headers.ContentEncoding = "gzip";
        }

        context.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(content, context.RequestAborted).ConfigureAwait(false);
        }

        return true;
    }

    private static FrozenDictionary<string, PageFile> Load()
    {
        var files = new Dictionary<string, PageFile>();
        foreach (string name in typeof(StaticPage).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = typeof(StaticPage).Assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files[name[Prefix.Length..].Replace('\\', '/')] = new PageFile(content, Compress(content));
        }

        return files.ToFrozenDictionary();
    }

    // Once, when the first file is asked for: they never change.
    private static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }

    /// <summary>A file, and the same compressed with gzip.</summary>
    private sealed record PageFile(byte[] Content, byte[] Compressed);
}
