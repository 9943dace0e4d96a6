using System.Text.Json.Nodes;

namespace EGoat.Cli.Output;

/// <summary>Where <c>egoat demo</c> tells what it does.</summary>
internal interface IDemoOutput
{
    /// <summary>What has been done.</summary>
    void Say(string text);

    /// <summary>A row of a history.</summary>
    void ShowMessage(EGoatMessage message);

    /// <summary>The last line.</summary>
    void ShowEnd(DemoOutcome outcome);
}

/// <summary>What came of a demonstration.</summary>
internal sealed record DemoOutcome
{
    public bool IsOk { get; init; }

    public int Messages { get; init; }

    public long FileBytes { get; init; }

    public bool IsHashEqual { get; init; }

    public double MibPerSecond { get; init; }
}

/// <summary>Lines for people.</summary>
internal sealed class DemoLines : IDemoOutput
{
    public void Say(string text) => Console.WriteLine(text);

    public void ShowMessage(EGoatMessage message) => Console.WriteLine($"  {message.Direction,-8}  {VisibleText.Line(message.From)}: {VisibleText.Text(message.Text, "    ")}");

    public void ShowEnd(DemoOutcome outcome) => Console.WriteLine(outcome.IsOk ? "ok" : "Something was not equal.");
}

/// <summary>Events, one a line (docs/json.md).</summary>
internal sealed class DemoEvents : IDemoOutput
{
    public void Say(string text) => Console.WriteLine(EventJson.Object(new JsonObject { ["event"] = "info", ["text"] = text }));

    public void ShowMessage(EGoatMessage message) => Console.WriteLine(EventJson.Message("history", message));

    // What scripts look for comes first.
    public void ShowEnd(DemoOutcome outcome) => Console.WriteLine(EventJson.Object(new JsonObject
    {
        ["ok"] = outcome.IsOk,
        ["messages"] = outcome.Messages,
        ["fileBytes"] = outcome.FileBytes,
        ["hashEqual"] = outcome.IsHashEqual,
        ["mibPerSecond"] = Math.Round(outcome.MibPerSecond, 1),
        ["event"] = "demo",
    }));
}
