using Spectre.Console;

namespace EGoat.Cli.Output;

/// <summary>Progress bars on a terminal while something runs; none elsewhere.</summary>
internal static class ProgressView
{
    public static async Task<T> RunAsync<T>(RoomOutput output, Func<Task<T>> action)
    {
        if (!output.IsInteractive || !output.HasBars)
        {
            return await action().ConfigureAwait(false);
        }

        return await AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bars = new Dictionary<string, ProgressTask>();
                output.Progress = transfer =>
                {
                    string key = $"{transfer.Id}/{transfer.Name}/{transfer.PeerIdentity}";
                    if (!bars.TryGetValue(key, out ProgressTask? bar))
                    {
                        bar = bars[key] = context.AddTask(Markup.Escape($"{VisibleText.Line(transfer.Name)} {(transfer.Direction == EGoatDirection.Sent ? "to" : "from")} {VisibleText.Line(transfer.Peer)}"), maxValue: Math.Max(1, transfer.Length));
                    }

                    bar.Value = transfer.BytesTransferred + transfer.BytesResumed;
                    if (transfer.IsEnded)
                    {
                        bar.StopTask();
                    }
                };
                T result = await action().ConfigureAwait(false);
                output.Progress = null;
                return result;
            })
            .ConfigureAwait(false);
    }
}
