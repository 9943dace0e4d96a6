using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EGoat.Benchmarks.Measuring;

/// <summary>Results: one JSON object a line on standard output. What is for people goes to standard error.</summary>
internal static class JsonLines
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(JsonObject line)
    {
        Console.Out.WriteLine(line.ToJsonString(Options));
        Console.Out.Flush();
    }

    /// <summary>A case that cannot run here, and why.</summary>
    public static void Skip(string benchmark, string @case, string reason) =>
        Write(new JsonObject { ["benchmark"] = benchmark, ["case"] = @case, ["skipped"] = reason });

    /// <summary>Four digits behind the point, one for large figures: more is noise.</summary>
    public static double Round(double value) => Math.Round(value, Math.Abs(value) < 100 ? 4 : 1);
}
