using System.Text.Json.Nodes;

namespace EGoat.Keys.Tests;

/// <summary>The vectors that keys-2.py has computed apart from the program (tests/vectors/keys-2.json).</summary>
internal static class Vectors
{
    private static readonly JsonObject Root = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "keys-2.json")))!.AsObject();

    public static JsonNode Get(string name) => Root[name]!;

    public static IEnumerable<JsonObject> All(string name) => Root[name]!.AsArray().Select(n => n!.AsObject());

    public static string Text(this JsonNode node, string name) => node[name]!.GetValue<string>();

    public static int Number(this JsonNode node, string name) => node[name]!.GetValue<int>();

    public static byte[] Bytes(this JsonNode node, string name) => Convert.FromHexString(node.Text(name));
}
