using System.Text;
using System.Text.Json.Nodes;
using EGoat.Benchmarks.Measuring;
using EGoat.Benchmarks.Processes;

namespace EGoat.Benchmarks.Links;

/// <summary>Descriptions as lines: out of a worker as an event, into it in base64.</summary>
internal static class DescriptionLine
{
    private const string Event = "description";

    public static void Write(string description) => JsonLines.Write(new JsonObject { ["event"] = Event, ["text"] = Encode(description) });

    public static string Read() => Encoding.UTF8.GetString(Convert.FromBase64String(Console.ReadLine() ?? throw new IOException("The description did not come.")));

    /// <summary>Carries descriptions between two workers: offerer and answerer.</summary>
    public static async Task CarryAsync(ChildProcess a, ChildProcess z, CancellationToken cancellationToken)
    {
        z.WriteLine((string)(await a.ReadEventAsync(Event, cancellationToken)).Event["text"]!);
        a.WriteLine((string)(await z.ReadEventAsync(Event, cancellationToken)).Event["text"]!);
    }

    private static string Encode(string description) => Convert.ToBase64String(Encoding.UTF8.GetBytes(description));
}
