using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace EGoat.Node;

/// <summary>Lines for people: handed on at once, or kept until somebody asks, the oldest given up beyond a bound.</summary>
internal sealed class NodeWarnings(Action<string>? warn)
{
    /// <summary>Lines that wait.</summary>
    private const int MaxWaiting = 100;

    private readonly ConcurrentQueue<string> _waiting = new();

    public void Add(string text)
    {
        if (warn is not null)
        {
            warn(text);
            return;
        }

        _waiting.Enqueue(text);
        while (_waiting.Count > MaxWaiting)
        {
            _waiting.TryDequeue(out _);
        }
    }

    public bool TryTake([NotNullWhen(true)] out string? text) => _waiting.TryDequeue(out text);
}
