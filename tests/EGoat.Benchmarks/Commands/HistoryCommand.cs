using System.CommandLine;
using System.Diagnostics;
using EGoat.Benchmarks.Measuring;
using EGoat.History;

namespace EGoat.Benchmarks.Commands;

/// <summary><c>history</c>: inserting, querying and searching chat.db by its size, beside plain SQLite.</summary>
internal static class HistoryCommand
{
    private const string Benchmark = "history";

    /// <summary>Inserts that wait for their commit at the same time, and rows of a transaction of the baseline: as many as the history commits at once.</summary>
    private const int InsertsAtOnce = 512;

    private const int SingleInserts = 200;
    private const int PageSize = 50;

    public static Command Create()
    {
        Option<double[]> messages = CommandOptions.Numbers("--messages", "10000,100000,1000000", "Numbers of messages, rising: queries run when each is reached");
        Option<int> runs = CommandOptions.Runs(15);
        var media = new MediumOptions();
        var command = new Command(Benchmark, "Inserting, querying and searching the history; baseline: plain SQLite, one table without index.") { messages, runs, media.Medium, media.Disk };
        command.SetAction(async (result, cancellationToken) =>
        {
            Machine.Describe();
            foreach ((ScratchFolder folder, bool isSynced) in media.CreateFolders(result))
            {
                using (folder)
                {
                    await RunAsync(folder, isSynced, [.. result.GetRequiredValue(messages).Select(m => (int)m)], result.GetValue(runs), cancellationToken);
                }
            }
        });
        return command;
    }

    private static async Task RunAsync(ScratchFolder folder, bool isSynced, int[] sizes, int runs, CancellationToken cancellationToken)
    {
        await using HistoryStore store = HistoryStore.Open(folder.Sub("chat.db"));
        using var plain = new PlainDatabase(folder.Sub("plain.db"));
        int count = 0;
        foreach (int size in sizes)
        {
            Series Create(string operation) => new(Benchmark, ("operation", operation), ("fileSystem", folder.FileSystem), ("synced", isSynced), ("messages", size));
            await InsertAsync(Create("insert-many"), store, plain, count, size - count, cancellationToken);
            count = size;
            await InsertSinglyAsync(Create("insert-one"), store, plain, size, cancellationToken);

            // The newest of a room; a page from the middle; the few messages with a rare word; the newest with a common one.
            await QueryAsync(Create("newest"), store, plain, runs, new HistoryQuery { Room = SampleMessages.Room, NewestFirst = true, Take = PageSize }, $"WHERE room = '{SampleMessages.Room}' ORDER BY sequence DESC LIMIT {PageSize}", cancellationToken);
            await QueryAsync(Create("page"), store, plain, runs, new HistoryQuery { AfterSequence = size / 2, Take = PageSize }, $"WHERE sequence > {size / 2} ORDER BY sequence LIMIT {PageSize}", cancellationToken);
            await QueryAsync(Create("search-rare"), store, plain, runs, new HistoryQuery { Text = SampleMessages.RareWord, NewestFirst = true, Take = PageSize }, $"WHERE text LIKE '%{SampleMessages.RareWord}%' ORDER BY sequence DESC LIMIT {PageSize}", cancellationToken);
            await QueryAsync(Create("search-common"), store, plain, runs, new HistoryQuery { Text = SampleMessages.CommonWord, NewestFirst = true, Take = PageSize }, $"WHERE text LIKE '%{SampleMessages.CommonWord}%' ORDER BY sequence DESC LIMIT {PageSize}", cancellationToken);
        }
    }

    // Once: what was inserted is there.
    private static async Task InsertAsync(Series series, HistoryStore store, PlainDatabase plain, int first, int count, CancellationToken cancellationToken)
    {
        if (count <= 0)
        {
            return;
        }

        long begin = Stopwatch.GetTimestamp();
        var waiting = new Queue<Task>();
        foreach (EGoatMessage message in SampleMessages.Create(first, count))
        {
            waiting.Enqueue(store.AddMessageAsync(message, cancellationToken).AsTask());
            if (waiting.Count == 2 * InsertsAtOnce)
            {
                await waiting.Dequeue();
            }
        }

        await Task.WhenAll(waiting);
        series.Add("egoat", ("rowsPerSecond", count / Stopwatch.GetElapsedTime(begin).TotalSeconds));
        begin = Stopwatch.GetTimestamp();
        foreach (EGoatMessage[] chunk in SampleMessages.Create(first, count).Chunk(InsertsAtOnce))
        {
            plain.Insert(chunk);
        }

        series.Add("sqlite", ("rowsPerSecond", count / Stopwatch.GetElapsedTime(begin).TotalSeconds));
        series.Summarize("rowsPerSecond", "sqlite");
    }

    // One after the other, a commit each, as messages come in a conversation. The identity differs from that of the many.
    private static async Task InsertSinglyAsync(Series series, HistoryStore store, PlainDatabase plain, int seed, CancellationToken cancellationToken)
    {
        foreach (EGoatMessage message in SampleMessages.Create(seed, SingleInserts).Select(m => m with { FromIdentity = $"single{seed}" }))
        {
            long begin = Stopwatch.GetTimestamp();
            await store.AddMessageAsync(message, cancellationToken);
            double egoat = Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
            begin = Stopwatch.GetTimestamp();
            plain.Insert([message]);
            series.Keep("egoat", ("microseconds", egoat));
            series.Keep("sqlite", ("microseconds", Stopwatch.GetElapsedTime(begin).TotalMicroseconds));
        }

        series.Summarize("microseconds", "sqlite");
    }

    private static async Task QueryAsync(Series series, HistoryStore store, PlainDatabase plain, int runs, HistoryQuery query, string condition, CancellationToken cancellationToken)
    {
        for (int run = 0; run < runs; run++)
        {
            long begin = Stopwatch.GetTimestamp();
            int rows = 0;
            await foreach (EGoatMessage _ in store.QueryMessagesAsync(query, cancellationToken))
            {
                rows++;
            }

            double egoat = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            begin = Stopwatch.GetTimestamp();
            int plainRows = plain.Read(condition);
            series.Keep("egoat", ("milliseconds", egoat), ("rows", rows));
            series.Keep("sqlite", ("milliseconds", Stopwatch.GetElapsedTime(begin).TotalMilliseconds), ("rows", plainRows));
        }

        series.Summarize("milliseconds", "sqlite");
    }
}
