using System.Globalization;
using System.Text;

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
    /// <param name="text">What happened; it may hold what a peer has sent.</param>
    public void Write(string subject, TraceCategory category, string text) => Handler?.Invoke(new TraceEvent(Escape(subject), category, Escape(text)));

    // A console must show what a peer has sent as it is: control and format characters would move, hide or forge lines.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(Math.Min(text.Length, MaxTextLength));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (escaped.Length >= MaxTextLength)
            {
                escaped.Append('…');
                break;
            }

            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}");
            }
            else
            {
                escaped.Append(rune.ToString());
            }
        }

        return escaped.ToString();
    }
}
