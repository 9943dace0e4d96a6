using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>
/// Packets of our own engine, checked in: <c>.hex</c> is a packet, <c>.txt</c> a text. The first word of a name says what
/// reads it.
/// </summary>
internal static class CorpusFiles
{
    private const int BytesPerLine = 32;

    private static readonly Dictionary<string, IReadOnlyList<byte[]>> Kinds = [];

    public static IReadOnlyList<string> Names { get; } = [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(n => n.EndsWith(".hex", StringComparison.Ordinal) || n.EndsWith(".txt", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The contents of all files of a kind: <c>stun</c>, <c>sctp</c>, <c>dtls</c>, <c>dcep</c>, <c>sdp</c>, <c>candidate</c>, <c>server</c>.</summary>
    public static IReadOnlyList<byte[]> Read(string kind)
    {
        if (!Kinds.TryGetValue(kind, out IReadOnlyList<byte[]>? files))
        {
            files = Kinds[kind] = [.. Names.Where(n => n.StartsWith(kind + "-", StringComparison.Ordinal)).Select(ReadFile)];
        }

        return files;
    }

    public static IReadOnlyList<string> ReadTexts(string kind) => [.. Read(kind).Select(Encoding.UTF8.GetString)];

    public static byte[] ReadFile(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new ArgumentException($"The corpus has no file {name}.", nameof(name));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        string text = reader.ReadToEnd();
        return name.EndsWith(".txt", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(text) : Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));
    }

    /// <summary>Writes a file into the folder of the source.</summary>
    public static void Write(string name, byte[] contents)
    {
        string path = Path.Combine(SourceFolder(), "..", "Corpus", name);
        if (name.EndsWith(".txt", StringComparison.Ordinal))
        {
            File.WriteAllBytes(path, contents);
            return;
        }

        File.WriteAllText(path, string.Concat(contents.Chunk(BytesPerLine).Select(line => Convert.ToHexString(line) + "\n")));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
