using System.Text.Json.Nodes;
using EGoat.Benchmarks.Links;

namespace EGoat.Benchmarks.Processes;

/// <summary>Two workers that are introduced to each other. Disposing of it ends them.</summary>
internal sealed class WorkerPair : IDisposable
{
    private WorkerPair(ChildProcess a, ChildProcess z)
    {
        A = a;
        Z = z;
    }

    /// <summary>The offerer.</summary>
    public ChildProcess A { get; }

    /// <summary>The answerer.</summary>
    public ChildProcess Z { get; }

    public static async Task<WorkerPair> ConnectAsync(string[] a, string[] z, int connectionCount, CancellationToken cancellationToken, params (string Name, string Value)[] environment)
    {
        var pair = new WorkerPair(ChildProcess.Start(a[0], Programs.Worker(a), environment), ChildProcess.Start(z[0], Programs.Worker(z), environment));
        try
        {
            for (int i = 0; i < connectionCount; i++)
            {
                await DescriptionLine.CarryAsync(pair.A, pair.Z, cancellationToken);
            }

            return pair;
        }
        catch
        {
            pair.Dispose();
            throw;
        }
    }

    /// <summary>The result of one worker.</summary>
    public static async Task<JsonObject> ResultAsync(ChildProcess worker, CancellationToken cancellationToken) => (await worker.ReadEventAsync("result", cancellationToken)).Event;

    public void Dispose()
    {
        A.Dispose();
        Z.Dispose();
    }
}
