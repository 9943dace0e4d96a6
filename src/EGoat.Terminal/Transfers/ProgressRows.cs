using System.Globalization;

namespace EGoat.Terminal;

/// <summary>Transfers as rows of a screen: one total, and the files of the moment below.</summary>
public static class ProgressRows
{
    /// <summary>Files that are shown; of more the first ones are.</summary>
    public const int MaxFiles = 4;

    private const int BarWidth = 20;
    private const string Dim = "2";

    /// <summary>The total in one row: what fits of it, the most important first.</summary>
    public static string Total(TransferSummary summary, int width)
    {
        ArgumentNullException.ThrowIfNull(summary);
        string percent = summary.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(100.0 * Math.Min(summary.Bytes, summary.Length) / summary.Length):0} %") : "";
        string bytes = summary.Length >= 0 ? $"{DisplayText.Bytes(summary.Bytes)} of {DisplayText.Bytes(summary.Length)}" : DisplayText.Bytes(summary.Bytes);
        int done = summary.Completed + summary.NotCompleted;
        string files = summary.Files == 1 ? ""
            : summary.Length < 0 ? DisplayText.Count(done, "file")
            : string.Create(CultureInfo.InvariantCulture, $"{done:N0} of {summary.Files:N0} files");
        string rate = $"{DisplayText.Bytes(summary.Rate)}/s";
        string left = summary.TimeLeft is { TotalSeconds: >= 0.95 } time ? $"{DisplayText.Duration(time)} left" : "";
        string bar = summary.Length > 0 ? Bar(summary) : "";

        // From the least to the most important, in the order of the row.
        (string Text, int Importance)[] parts = [(bar, 1), (percent, 6), (files, 3), (bytes, 5), (rate, 4), (left, 2)];
        for (int least = 1; ; least++)
        {
            string row = string.Join("  ", parts.Where(p => p.Text.Length > 0 && p.Importance >= least).Select(p => p.Text));
            if (DisplayText.Width(row) <= width || least == 6)
            {
                return DisplayText.Truncate(row, width);
            }
        }
    }

    /// <summary>The total, and the files of the moment.</summary>
    public static IReadOnlyList<ScreenRow> Create(TransferSummary summary, int width, int maxFiles = MaxFiles)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var rows = new List<ScreenRow> { new(Total(summary, width)) };
        rows.AddRange(summary.Running.Take(maxFiles).Select(t => new ScreenRow(File(t, width), Dim)));
        int more = summary.Running.Count - maxFiles;
        if (more > 0 && maxFiles > 0)
        {
            rows.Add(new ScreenRow(DisplayText.Truncate(string.Create(CultureInfo.InvariantCulture, $"  and {more:N0} more"), width), Dim));
        }

        return rows;
    }

    // The name gives way: how far it is stays readable.
    private static string File(EGoatTransfer transfer, int width)
    {
        long done = transfer.BytesTransferred + transfer.BytesResumed;
        string percent = transfer.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(100.0 * Math.Min(done, transfer.Length) / transfer.Length),3:0} %") : "";
        string state = transfer.State == EGoatTransferState.Paused ? "paused" : percent.Length > 0 ? percent : DisplayText.Bytes(done);
        string peer = width >= 60 ? $"  {(transfer.Direction == EGoatDirection.Sent ? "to" : "from")} {DisplayText.Truncate(VisibleText.Line(transfer.Peer), 24)}" : "";
        int room = width - 2 - 2 - state.Length - DisplayText.Width(peer);
        string name = DisplayText.Truncate(VisibleText.Line(transfer.Name), Math.Min(60, Math.Max(4, room)));
        return DisplayText.Truncate($"  {name}{peer}  {state}", width);
    }

    private static string Bar(TransferSummary summary)
    {
        int full = (int)(BarWidth * Math.Min(summary.Bytes, summary.Length) / summary.Length);
        return new string('━', full) + new string('─', BarWidth - full);
    }
}
