using System.Globalization;
using System.Text;
using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>
/// What happens in a chat, as lines: times, a line for each new day, names in a colour that belongs to their identity. Without
/// colour the same lines.
/// </summary>
/// <param name="hasColor">Whether lines hold SGR sequences.</param>
/// <param name="time">The clock and time zone.</param>
public sealed class ChatLines(bool hasColor, TimeProvider time)
{
    /// <summary>Stands behind a message that everybody has stored.</summary>
    public const string Tick = "✓";

    /// <summary>Is said when the signaling server is out of reach.</summary>
    public const string ServerAway = "The signaling server is out of reach. Connected peers stay; newcomers can join when it is back.";

    /// <summary>Is said when it is back.</summary>
    public const string ServerBack = "The signaling server is back.";

    /// <summary>Files of an offer that are listed; a longer offer is cut.</summary>
    private const int MaxListed = 20;
    private const string Dim = "2";

    /// <summary>Colours of the 256 that are readable on light and on dark.</summary>
    private static readonly int[] NameColors = [32, 34, 64, 70, 96, 98, 127, 130, 132, 136, 160, 166, 172, 30, 61, 168];

    private DateOnly _day;

    /// <summary>A message, after a line for its day if that is a new one.</summary>
    /// <param name="message">The message.</param>
    /// <param name="to">Whom a private message of one's own went to; null if that is not known.</param>
    /// <param name="note">What stands behind it: a tick, or why there is none.</param>
    public string Message(EGoatMessage message, string? to = null, string note = "")
    {
        ArgumentNullException.ThrowIfNull(message);
        DateTimeOffset at = TimeZoneInfo.ConvertTime(message.ReceivedAt, time.LocalTimeZone);
        var line = new StringBuilder();
        DateOnly day = DateOnly.FromDateTime(at.DateTime);
        if (day != _day)
        {
            bool isFirstToday = _day == default && day == DateOnly.FromDateTime(time.GetLocalNow().DateTime);
            _day = day;
            line.Append(isFirstToday ? "" : Style(Dim, $"── {day.ToString("dddd, d MMMM yyyy", CultureInfo.InvariantCulture)} ──") + "\n");
        }

        string note2 = message.Kept ? note : note.Length > 0 ? $"{note} not kept yet" : "not kept yet";
        line.Append(Style(Dim, at.ToString("HH:mm", CultureInfo.InvariantCulture))).Append(' ')
            .Append(Name(message.From, message.FromIdentity))
            .Append(message.Private ? Style(Dim, to is null ? " (private)" : $" (to {VisibleText.Line(to)})") : "")
            .Append(": ").Append(VisibleText.Text(message.Text, "    "))
            .Append(note2.Length > 0 ? " " + Style(Dim, note2 == Tick ? Tick : $"({note2})") : "");
        return line.ToString();
    }

    /// <summary>Who has come to which room, and who else can.</summary>
    public static string Joined(Room room)
    {
        ArgumentNullException.ThrowIfNull(room);
        return $"Joined the room {room.Name} as {VisibleText.Line(room.DisplayName)}. {(room.IsKeyed ? "Only who has its link can join." : "It is open: whoever knows its name and server can join.")}";
    }

    /// <summary>A member has come or gone.</summary>
    public static string Presence(EGoatPeer peer, bool isHere)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return $"{VisibleText.Line(peer.Name)} is {(isHere ? "here" : "gone")}.";
    }

    /// <summary>So many events came too fast.</summary>
    public static string Lost(int count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} lines came too fast to be shown; messages among them are in the history.");

    /// <summary>Something that happened now.</summary>
    public string Note(string text) => Style(Dim, $"{time.GetLocalNow().ToString("HH:mm", CultureInfo.InvariantCulture)} {text}");

    /// <summary>A name in the colour of its identity.</summary>
    public string Name(string name, string identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        uint hash = 2166136261;
        foreach (char c in identity)
        {
            hash = (hash ^ c) * 16777619;
        }

        return Style(string.Create(CultureInfo.InvariantCulture, $"1;38;5;{NameColors[hash % (uint)NameColors.Length]}"), VisibleText.Line(name));
    }

    /// <summary>Text in a style.</summary>
    /// <param name="style">The parameters of an SGR sequence.</param>
    /// <param name="text">The text.</param>
    public string Style(string style, string text) => hasColor ? $"\e[{style}m{text}\e[0m" : text;

    /// <summary>An offer that waits for an answer.</summary>
    public static string Offer(FileOffer offer, int number)
    {
        ArgumentNullException.ThrowIfNull(offer);
        string total = offer.TotalLength < 0 ? "of unknown length" : DisplayText.Bytes(offer.TotalLength);
        string what = offer.Files.Count == 1 ? VisibleText.Line(offer.Files[0].Path) : DisplayText.Count(offer.Files.Count, "file");
        string files = offer.Files.Count == 1 ? "" : string.Concat(offer.Files.Take(MaxListed).Select((f, i) => $"\n  {i + 1,3}  {VisibleText.Line(f.Path)}"));
        string rest = offer.Files.Count > MaxListed ? $"\n       and {offer.Files.Count - MaxListed:N0} more" : "";
        return $"[{number}] {VisibleText.Line(offer.Peer.Name)} offers {what}, {total}: /accept {number} or /reject {number}{files}{rest}";
    }

    /// <summary>A transfer that runs.</summary>
    public static string Running(EGoatTransfer transfer, int number)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        long done = transfer.BytesTransferred + transfer.BytesResumed;
        string part = transfer.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100.0 * done / transfer.Length:F0} % of {DisplayText.Bytes(transfer.Length)}") : DisplayText.Bytes(done);
        string way = transfer.Direction == EGoatDirection.Sent ? "to" : "from";
        string rate = transfer.State == EGoatTransferState.Active ? $", {DisplayText.Bytes(transfer.Rate)}/s" : "";
        return $"[{number}] {VisibleText.Line(transfer.Name)} {way} {VisibleText.Line(transfer.Peer)}: {TransferLine.State(transfer.State)}, {part}{rate}";
    }

    /// <summary>A member, and how well it is reached.</summary>
    public string Peer(EGoatPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        string path = peer.Statistics is { LocalAddress.Length: > 0 } statistics ? $", {statistics}" : "";
        return $"{(peer.Name.Length > 0 ? Name(peer.Name, peer.Identity) : peer.Id)}: {peer.State}{path}";
    }
}
