namespace EGoat.WebRtc.Tracing;

/// <summary>Something that happened, for people who look for a fault. Names and texts of peers in it are escaped; secrets are not in it.</summary>
/// <param name="Subject">To which connection, or what else.</param>
/// <param name="Category">Which part tells.</param>
/// <param name="Text">What happened, in one line.</param>
public readonly record struct TraceEvent(string Subject, TraceCategory Category, string Text);
