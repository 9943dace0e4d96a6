using System.Globalization;
using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>What lines that begin with '/' do.</summary>
/// <param name="room">The room.</param>
/// <param name="history">Where <c>/history</c> looks.</param>
/// <param name="transfers">The room's transfers by number.</param>
/// <param name="output">Where answers are shown.</param>
public sealed class ChatCommands(Room room, IRoomStore history, ChatTransfers transfers, IChatOutput output)
{
    /// <summary>Messages that <c>/history</c> shows unless a number is named.</summary>
    public const int RecentMessages = 20;

    private const int MaxMessages = 1000;

    private const string Help =
        """
        /to NAME [TEXT]            write to one member only; /to alone: to all again
        /file PATH                 send a file, or a folder with everything in it
        /accept [N] [1,3-5]        take what is offered, or some of its files
        /reject [N]                refuse it
        /who                       show who is there, and how well they are reached
        /history [N | WORDS]       show the last messages, or those with these words
        /transfers                 show what is offered and what runs
        /pause [N], /resume [N]    pause a transfer, and go on
        /cancel [N]                cancel it: what was verified is kept
        /quit                      leave the room
        //TEXT                     send a message that begins with '/'
        """;

    private readonly List<Task> _sending = [];

    /// <summary>All commands.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["/accept", "/cancel", "/file", "/help", "/history", "/pause", "/quit", "/reject", "/resume", "/to", "/transfers", "/who"];

    /// <summary>The member whom texts go to; null for all.</summary>
    public string? To { get; private set; }

    /// <summary>The longest time without a sign of life of a receiver (<see cref="SendFileOptions.Timeout"/>); null for none in particular.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What is being sent.</summary>
    public Task Sending => Task.WhenAll(_sending);

    /// <summary>Carries a line out.</summary>
    /// <param name="line">The line; it begins with '/'.</param>
    /// <param name="cancellationToken">Cancels what it begins.</param>
    /// <returns>A text that is to be sent, or null; and whether the room is to be left.</returns>
    public async Task<(string? Text, bool IsQuit)> ExecuteAsync(string line, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(line);
        (string command, string argument) = line.Split(' ', 2) is [var word, var rest] ? (word, rest.Trim()) : (line.TrimEnd(), "");
        try
        {
            switch (command)
            {
                case ['/', '/', ..]:
                    return (line[1..], false);
                case "/quit":
                    return (null, true);
                case "/to":
                    return (SetRecipient(argument), false);
                case "/history":
                    await ShowHistoryAsync(argument, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    Execute(command, argument, cancellationToken);
                    break;
            }
        }
        catch (RoomException e)
        {
            output.Warn(e.Message);
        }

        return (null, false);
    }

    private void Execute(string command, string argument, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case "/file" or "/send" when argument.Length > 0:
                Send(argument, cancellationToken);
                break;
            case "/file" or "/send":
                output.Warn($"Name a file: {command} PATH.");
                break;
            case "/accept":
                transfers.Accept(argument);
                break;
            case "/reject":
                transfers.Reject(argument);
                break;
            case "/who" or "/peers":
                output.ShowPeers(room.Peers);
                break;
            case "/transfers":
                transfers.List();
                break;
            case "/pause":
                transfers.Pause(argument);
                break;
            case "/resume":
                transfers.Resume(argument);
                break;
            case "/cancel":
                transfers.Cancel(argument);
                break;
            case "/help":
                output.Say(Help);
                break;
            default:
                output.Warn($"There is no command {VisibleText.Line(command)}; /help shows those that there are. A message that begins with '/' begins with '//' here.");
                break;
        }
    }

    // A name may have spaces: the longest name that fits is meant.
    private string? SetRecipient(string argument)
    {
        if (argument.Length == 0)
        {
            To = null;
            return null;
        }

        string? name = room.Peers
            .SelectMany(p => (string[])[p.Name, p.Id, p.Identity])
            .Where(n => n.Length > 0 && (argument.Equals(n, StringComparison.OrdinalIgnoreCase) || argument.StartsWith(n + " ", StringComparison.OrdinalIgnoreCase)))
            .MaxBy(n => n.Length);
        if (name is null)
        {
            throw new RoomException($"Nobody in the room is {VisibleText.Line(argument.Split(' ')[0])}. /who shows who is there.");
        }

        To = name;
        return argument.Length > name.Length ? argument[name.Length..].TrimStart() : null;
    }

    private async Task ShowHistoryAsync(string argument, CancellationToken cancellationToken)
    {
        bool isCount = int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out int count);
        var query = new HistoryQuery
        {
            Room = room.Name,
            NewestFirst = true,
            Take = isCount ? Math.Clamp(count, 1, MaxMessages) : RecentMessages,
            Text = isCount || argument.Length == 0 ? null : argument,
        };
        var messages = new List<EGoatMessage>();
        await foreach (EGoatMessage message in history.QueryMessagesAsync(query, cancellationToken).ConfigureAwait(false))
        {
            messages.Add(message);
        }

        messages.Reverse();
        output.ShowHistory(messages);
    }

    private void Send(string path, CancellationToken cancellationToken)
    {
        FileSend send = room.SendFiles(new SendFileOptions { Paths = [ChatPath.Parse(path)], Recurse = true, To = To is null ? [] : [To], Timeout = Timeout }, cancellationToken);
        foreach (string skipped in send.Skipped)
        {
            output.Warn(skipped);
        }

        if (send.Recipients.Count == 0)
        {
            output.Warn(To is null ? "Nobody in the room accepts files." : $"{VisibleText.Line(To)} accepts no files.");
        }

        _sending.RemoveAll(t => t.IsCompleted);
        _sending.Add(send.Completion);
    }
}
