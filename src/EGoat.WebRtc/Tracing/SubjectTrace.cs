namespace EGoat.WebRtc.Tracing;

/// <summary>What one connection, or something else with a name, tells a <see cref="Tracer"/>.</summary>
/// <example><c>trace?.IfOn?.Write(TraceCategory.Ice, $"…")</c> makes the text only while somebody listens.</example>
/// <param name="tracer">Who listens.</param>
/// <param name="subject">The name.</param>
public sealed class SubjectTrace(Tracer tracer, string subject)
{
    /// <summary>This, while somebody listens; else null.</summary>
    public SubjectTrace? IfOn => tracer.Handler is null ? null : this;

    /// <summary>Tells an event.</summary>
    public void Write(TraceCategory category, string text) => tracer.Write(subject, category, text);
}
