using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace EGoat.Web;

/// <summary>The files of the page, from inside of this assembly.</summary>
internal static class StaticPage
{
    private const string Prefix = "wwwroot/";

    private static readonly FrozenDictionary<string, byte[]> Files = Load();

    /// <summary>Serves a file. False when there is none of that name.</summary>
    public static async ValueTask<bool> TryServeAsync(HttpContext context)
    {
        string path = context.Request.Path.Value is null or "/" ? "index.html" : context.Request.Path.Value.TrimStart('/');
        if (!Files.TryGetValue(path, out byte[]? content))
        {
            return false;
        }

        context.Response.ContentType = Path.GetExtension(path) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(content, context.RequestAborted).ConfigureAwait(false);
        }

        return true;
    }

    private static FrozenDictionary<string, byte[]> Load()
    {
        var files = new Dictionary<string, byte[]>();
        foreach (string name in typeof(StaticPage).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = typeof(StaticPage).Assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files[name[Prefix.Length..].Replace('\\', '/')] = content;
        }

        return files.ToFrozenDictionary();
    }
}
