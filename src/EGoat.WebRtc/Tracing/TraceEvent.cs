namespace EGoat.WebRtc.Tracing;

/// <summary>Something that happened, for people who look for a fault. Secrets are not in it.</summary>
/// <param name="Subject">To which connection, or what else.</param>
/// <param name="Category">Which part tells.</param>
/// <param name="Text">What happened; names and texts of peers in it are as they came, and whoever shows it makes them fit for it.</param>
public readonly record struct TraceEvent(string Subject, TraceCategory Category, string Text);
