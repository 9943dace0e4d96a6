using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Terminal;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat send PATH…</c>, <c>egoat send -</c> or <c>--text TEXT</c>: to everybody who is in the room once enough are.</summary>
internal sealed class SendCommand
{
    /// <summary>The path that means standard input.</summary>
    private const string StandardInput = "-";

    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _paths = new("PATH") { Description = "Files; folders with --recurse; '-' is standard input.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _text = new("--text") { Description = "A message.", HelpName = "TEXT" };
    private readonly Option<int> _peers = new("--peers") { Description = "Begin when so many peers are there (default 1).", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<string[]> _to = new("--to") { Description = "Only to this peer: a peer id, identity or name; repeatable.", HelpName = "PEER" };
    private readonly Option<bool> _recurse = new("--recurse", "-r") { Description = "Send folders with everything in them." };
    private readonly Option<bool> _followSymlink = new("--follow-symlink") { Description = "Follow symbolic links in a folder that stay inside it (default: links are skipped)." };
    private readonly Option<string[]> _include = new("--include") { Description = "Only files of this pattern, as '*.log' or 'logs/2026*'; repeatable.", HelpName = "PATTERN" };
    private readonly Option<string[]> _exclude = new("--exclude") { Description = "No files and folders of this pattern; repeatable.", HelpName = "PATTERN" };
    private readonly Option<string> _fileName = new("--file-name") { Description = "The name of standard input at the receiver (default: stdin).", HelpName = "NAME", DefaultValueFactory = _ => "stdin" };
    private readonly Option<int> _joinWindow = new("--join-window") { Description = "Serve peers too that come within so many seconds.", HelpName = "S" };
    private readonly Option<long?> _maxRate = CommonOptions.CreateSize("--max-rate", "The most bytes per second, all receivers together, as 10MB.");

    /// <summary>What was not sent of what was named, each told before.</summary>
    private int _leftOut;

    public static Command Create(StopSignals signals) => new SendCommand().Build(signals);

    private Command Build(StopSignals signals)
    {
        var command = new Command("send", "Send files, folders or a message, and end when everybody has them verified.")
        {
            _paths, _text, _peers, _to, _recurse, _followSymlink, _include, _exclude, _fileName, _joinWindow, _maxRate,
        };
        CommonOptions.AtLeast(_peers, 0, "--peers is a number of peers from 0 on.");
        CommonOptions.AtLeast(_joinWindow, 0, "--join-window is a number of seconds from 0 on.");
        _common.AddRoomOptions(command);
        command.Options.Add(_common.Timeout);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => SendAsync(result, cancellationToken), signals, result.GetValue(_common.Json) ? Console.Out : null));
        return command;
    }

    private async Task<int> SendAsync(ParseResult result, CancellationToken cancellationToken)
    {
        string[] paths = result.GetValue(_paths) ?? [];
        string? text = result.GetValue(_text);
        if (paths.Length == 0 && text is null)
        {
            throw new CommandException(ExitCode.Usage, "Name a file, or give a message with --text.");
        }

        if (paths.FirstOrDefault(p => p != StandardInput && !File.Exists(p) && !Directory.Exists(p)) is { } missing)
        {
            throw new CommandException(ExitCode.Failed, $"The file '{missing}' is not there.");
        }

        TimeSpan timeout = _common.GetTimeout(result);
        using RoomOutput output = _common.CreateOutput(result, Console.Out, new TextOutputOptions { Done = "sent", Terminal = TerminalModes.CanDraw && !result.GetValue(_common.Json) ? TerminalModes.OpenOutput() : null });
        EGoatNode node = _common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await _common.JoinAsync(node, result, null, cancellationToken).ConfigureAwait(false);
            using RoomSubscription events = room.Subscribe();
            output.ShowJoined(room);
            Task showing = output.ShowAllAsync(events);
            await WaitForPeersAsync(room, result.GetValue(_peers), paths.Length > 0, timeout, cancellationToken).ConfigureAwait(false);
            int exitCode = ExitCode.Done;
            if (text is not null)
            {
                exitCode = await SendTextAsync(room, text, result.GetValue(_to) ?? [], output, timeout, cancellationToken).ConfigureAwait(false);
            }

            if (paths.Length > 0)
            {
                exitCode = ExitCode.Worse(exitCode, await SendFilesAsync(room, result, paths, output, cancellationToken).ConfigureAwait(false));
            }

            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            await showing.ConfigureAwait(false);
            if (paths.Length > 0)
            {
                output.ShowSummary(_leftOut);
            }

            return exitCode;
        }
    }

    private async Task<int> SendFilesAsync(Room room, ParseResult result, string[] paths, RoomOutput output, CancellationToken cancellationToken)
    {
        Stream? input = paths.Contains(StandardInput) ? new StandardInput() : null;
        FileSend send = room.SendFiles(
            new SendFileOptions
            {
                Paths = [.. paths.Where(p => p != StandardInput)],
                Recurse = result.GetValue(_recurse),
                FollowSymlink = result.GetValue(_followSymlink),
                Include = result.GetValue(_include) ?? [],
                Exclude = result.GetValue(_exclude) ?? [],
                Content = input,
                ContentName = result.GetRequiredValue(_fileName),
                To = result.GetValue(_to) ?? [],
                JoinWindow = TimeSpan.FromSeconds(result.GetValue(_joinWindow)),
                Timeout = _common.FindTimeout(result),
                MaxRate = result.GetValue(_maxRate),
            },
            cancellationToken);
        _leftOut = send.Skipped.Count;
        foreach (string skipped in send.Skipped)
        {
            output.Warn(skipped);
        }

        output.Totals.Expect((long)send.FileCount * send.Recipients.Count, send.Length < 0 ? -1 : send.Length * send.Recipients.Count);
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.ConfigureAwait(false);
        if (send.Recipients.Count == 0 && transfers.Count == 0)
        {
            output.Warn("Nobody came who accepts files.");
            return ExitCode.NobodyCame;
        }

        return Judge(transfers, _leftOut);
    }

    private static async Task WaitForPeersAsync(Room room, int count, bool acceptingFiles, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await room.WaitForPeersAsync(count, acceptingFiles, cancellationToken).WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            int present = room.Peers.Count(p => p.State == EGoatPeerState.Connected);
            string who = acceptingFiles ? "peers that accept files" : "peers";
            throw new CommandException(ExitCode.NobodyCame, $"Only {present} of {count} {who} came to the room '{room.Name}' within {timeout.TotalSeconds:F0} s. Is 'egoat receive' running there with the same --server and --room?");
        }
    }

    private static async Task<int> SendTextAsync(Room room, string text, string[] to, RoomOutput output, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var sent = new List<SentMessage>();
        foreach (string? recipient in to.Length == 0 ? new string?[] { null } : to)
        {
            sent.Add(await room.SendTextAsync(text, recipient, cancellationToken).ConfigureAwait(false));
        }

        if (sent.TrueForAll(s => s.Recipients.Count == 0))
        {
            output.Warn("Nobody is in the room; the message was kept in the history only.");
            return ExitCode.NobodyCame;
        }

        IReadOnlyList<EGoatDelivery>[] outcomes = await Task.WhenAll(sent.Select(s => s.WaitAsync(timeout, cancellationToken))).ConfigureAwait(false);
        EGoatDelivery[] missing = [.. outcomes.SelectMany(o => o).Where(d => d.State != EGoatDeliveryState.Confirmed)];
        output.ShowUnconfirmed(missing);
        return missing.Length == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    // Folders are no transfers of their own: a tree without files ends with none.
    internal static int Judge(IReadOnlyList<EGoatTransfer> transfers, int leftOut)
    {
        bool isLeftOut = transfers.Any(t => t.IsLeftOut);
        if (transfers.Any(t => !t.IsLeftOut && t.State is not (EGoatTransferState.Completed or EGoatTransferState.Rejected)))
        {
            return ExitCode.Failed;
        }

        return transfers.Count > 0 && transfers.All(t => t.State != EGoatTransferState.Completed) ? (isLeftOut ? ExitCode.Failed : ExitCode.Rejected)
            : isLeftOut || leftOut > 0 ? ExitCode.Incomplete
            : transfers.Any(t => t.State == EGoatTransferState.Rejected) ? ExitCode.Rejected
            : ExitCode.Done;
    }
}
