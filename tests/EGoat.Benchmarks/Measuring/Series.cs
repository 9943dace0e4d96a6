using System.Text.Json.Nodes;

namespace EGoat.Benchmarks.Measuring;

/// <summary>
/// The runs of some cases under one condition. Each run is a line; at the end each case has a line with the medians of all its
/// figures and the ratio of its main figure to that of each baseline.
/// </summary>
internal sealed class Series(string benchmark, params (string Name, JsonNode Value)[] condition)
{
    /// <summary>With fewer runs the 99th percentile is the largest value.</summary>
    private const int RunsForPercentile = 20;

    private readonly OrderedDictionary<string, List<(string Name, double Value)[]>> _runs = [];

    /// <summary>Notes a run and writes its line.</summary>
    public void Add(string @case, params (string Name, double Value)[] figures)
    {
        Keep(@case, figures);
        JsonObject line = Begin(@case);
        line["run"] = _runs[@case].Count;
        foreach ((string name, double value) in figures)
        {
            line[name] = JsonLines.Round(value);
        }

        JsonLines.Write(line);
    }

    /// <summary>Notes a run without a line: where there are many.</summary>
    public void Keep(string @case, params (string Name, double Value)[] figures)
    {
        if (!_runs.TryGetValue(@case, out List<(string Name, double Value)[]>? runs))
        {
            _runs[@case] = runs = [];
        }

        runs.Add(figures);
    }

    /// <summary>Writes the line of each case.</summary>
    /// <param name="figure">The main figure; its spread and its ratios are told.</param>
    /// <param name="baselines">Cases to compare with; those that did not run are left out.</param>
    public void Summarize(string figure, params string[] baselines)
    {
        foreach ((string @case, List<(string Name, double Value)[]> runs) in _runs)
        {
            JsonObject line = Begin(@case);
            line["summary"] = true;
            line["runs"] = runs.Count;
            foreach ((string name, _) in runs[0])
            {
                line[name] = JsonLines.Round(Statistics.Median(Values(@case, name)));
            }

            line["figure"] = figure;
            line["min"] = JsonLines.Round(Values(@case, figure).Min());
            if (runs.Count >= RunsForPercentile)
            {
                line["p99"] = JsonLines.Round(Statistics.Percentile(Values(@case, figure), 0.99));
            }

            line["max"] = JsonLines.Round(Values(@case, figure).Max());
            foreach (string baseline in baselines.Where(b => b != @case && _runs.ContainsKey(b)))
            {
                line[$"ratioTo_{baseline}"] = JsonLines.Round(Statistics.Median(Values(@case, figure)) / Statistics.Median(Values(baseline, figure)));
            }

            JsonLines.Write(line);
        }
    }

    private double[] Values(string @case, string figure) => [.. _runs[@case].Select(r => r.First(f => f.Name == figure).Value)];

    private JsonObject Begin(string @case)
    {
        var line = new JsonObject { ["benchmark"] = benchmark };
        foreach ((string name, JsonNode value) in condition)
        {
            line[name] = value.DeepClone();
        }

        line["case"] = @case;
        return line;
    }
}
