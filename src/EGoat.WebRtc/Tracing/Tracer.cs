namespace EGoat.WebRtc.Tracing;

/// <summary>
/// Where connections tell what they do, while somebody listens. Without a <see cref="Handler"/> nothing is told, and nothing is
/// made to be told: the cost is one look.
/// </summary>
public sealed class Tracer
{
    /// <summary>Longer texts are cut.</summary>
    public const int MaxTextLength = 500;

    /// <summary>
    /// Takes the events, from any thread and under a connection's lock: it must be quick and must not call back. May be set at
    /// any time.
    /// </summary>
    public Action<TraceEvent>? Handler { get; set; }

    /// <summary>Tells an event, if somebody listens.</summary>
    /// <param name="subject">To which connection, or what else.</param>
    /// <param name="category">Which part tells.</param>
    /// <param name="text">What happened; it may hold what a peer has sent, as it came.</param>
    public void Write(string subject, TraceCategory category, string text) => Handler?.Invoke(new TraceEvent(subject, category, Cut(text)));

    // Nobody needs more of what a peer has sent; half a pair at the end is left out.
    private static string Cut(string text)
    {
        if (text.Length <= MaxTextLength)
        {
            return text;
        }

        return $"{text.AsSpan(0, char.IsHighSurrogate(text[MaxTextLength - 1]) ? MaxTextLength - 1 : MaxTextLength)}…";
    }
}
