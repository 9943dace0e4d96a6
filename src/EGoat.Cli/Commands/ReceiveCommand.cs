using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Terminal;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat receive</c>: takes files into a folder or to standard output, a number of them or until stopped.</summary>
internal sealed class ReceiveCommand
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _output = new("--output") { Description = "The folder that files go to.", HelpName = "DIR" };
    private readonly Option<bool> _stdout = new("--stdout") { Description = "Write verified content to standard output instead, and end after one file unless --files says otherwise." };
    private readonly Option<int?> _files = new("--files") { Description = "End after so many verified files (default: run until stopped).", HelpName = "N" };
    private readonly Option<string[]> _from = new("--from") { Description = "Only from this peer: a peer id, identity or name; repeatable. A name can be taken by anybody, an identity cannot.", HelpName = "PEER" };
    private readonly Option<string[]> _include = new("--include") { Description = "Only files of this pattern, as '*.log' or 'logs/2026*'; repeatable.", HelpName = "PATTERN" };
    private readonly Option<string[]> _exclude = new("--exclude") { Description = "No files and folders of this pattern; repeatable.", HelpName = "PATTERN" };
    private readonly Option<long?> _maxLength = CommonOptions.CreateSize("--max-length", "The longest file, as 500MB.");
    private readonly Option<long?> _maxTotal = CommonOptions.CreateSize("--max-total", "The most bytes that are written in all, as 20GB.");
    private readonly Option<long?> _maxRate = CommonOptions.CreateSize("--max-rate", "The most bytes per second, all senders together, as 10MB.");
    private readonly Option<int> _maxParallel = new("--max-parallel")
    {
        Description = $"How many transfers run at once (default {ReceiveOptions.DefaultMaxParallel}).",
        HelpName = "N",
        DefaultValueFactory = _ => ReceiveOptions.DefaultMaxParallel,
    };

    private readonly Option<ExistingFile> _existing = new("--existing") { Description = "What happens to a file that is there: Rename (default), Skip, Overwrite or Fail. An identical one counts as delivered." };
    private readonly Option<bool> _force = new("--force") { Description = "The same as --existing Overwrite." };
    private readonly Option<bool> _ask = new("--ask") { Description = "Show what is offered, and take what the answer on standard input says." };

    public static Command Create(StopSignals signals) => new ReceiveCommand().Build(signals);

    private Command Build(StopSignals signals)
    {
        var command = new Command("receive", "Receive files into a folder.")
        {
            _output, _stdout, _files, _from, _include, _exclude, _maxLength, _maxTotal, _maxRate, _maxParallel, _existing, _force, _ask,
        };
        _maxParallel.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() < 1)
            {
                r.AddError("--max-parallel is a number of transfers from 1 on.");
            }
        });
        command.Validators.Add(r =>
        {
            if (r.GetValue(_output) is not null && r.GetValue(_stdout))
            {
                r.AddError("Name a folder with --output, or take --stdout.");
            }
        });
        _common.AddRoomOptions(command);
        command.Options.Add(_common.Timeout);
        command.SetAction((result, cancellationToken) => Program.RunAsync(
            () => ReceiveAsync(result, cancellationToken),
            signals,
            result.GetValue(_common.Json) ? GetLines(result) : null,
            runsUntilStopped: GetFileCount(result) is null));
        return command;
    }

    private async Task<int> ReceiveAsync(ParseResult result, CancellationToken cancellationToken)
    {
        bool toOutput = result.GetValue(_stdout);
        int? files = GetFileCount(result);
        TimeSpan timeout = _common.GetTimeout(result);
        TextWriter lines = GetLines(result);
        ReceiveOptions receive = CreateOptions(result, lines);
        EGoatNode node = _common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await _common.JoinAsync(node, result, receive, timeout, cancellationToken).ConfigureAwait(false);
            bool isWatched = TerminalModes.CanDraw && !toOutput && !result.GetValue(_ask) && !result.GetValue(_common.Json);
            using RoomOutput output = _common.CreateOutput(result, lines, new TextOutputOptions { Terminal = isWatched ? TerminalModes.OpenOutput() : null, EndsWhenQuiet = files is null });
            using RoomSubscription events = room.Subscribe();
            output.ShowJoined(room);
            int received = await CountAsync(events, output, files, timeout, cancellationToken).ConfigureAwait(false);
            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            while (events.TryRead(out RoomEvent? e))
            {
                output.Show(e!);
            }

            output.ShowSummary(0);
            return received >= (files ?? 0) ? ExitCode.Done
                : output.FirstFailure is { } failure ? throw new CommandException(ExitCode.Failed, $"Only {received} of {files} files came. {failure}")
                : throw new CommandException(ExitCode.NobodyCame, $"Only {received} of {files} files came: nothing moved for {timeout.TotalSeconds:F0} s. Is 'egoat send' running there with the same --server and --room?");
        }
    }

    // Null: until it is stopped.
    private int? GetFileCount(ParseResult result) => result.GetValue(_files) ?? (result.GetValue(_stdout) ? 1 : null);

    // Standard output may be for the content.
    private TextWriter GetLines(ParseResult result) => result.GetValue(_stdout) ? Console.Error : Console.Out;

    private ReceiveOptions CreateOptions(ParseResult result, TextWriter lines)
    {
        ReceiveOptions options = result.GetValue(_stdout)
            ? new ReceiveOptions { Destination = "", Output = PipeOutputStream.OpenStandardOutput() }
            : CommonOptions.CreateReceive(_common.GetText(result, _output, "output") ?? throw new CommandException(ExitCode.Usage, "Name a folder with --output, or take --stdout."));
        return options with
        {
            Existing = result.GetValue(_force) ? ExistingFile.Overwrite : result.GetValue(_existing),
            From = result.GetValue(_from) ?? [],
            Include = result.GetValue(_include) ?? [],
            Exclude = result.GetValue(_exclude) ?? [],
            MaxLength = result.GetValue(_maxLength),
            MaxTotalLength = result.GetValue(_maxTotal),
            MaxRate = result.GetValue(_maxRate),
            MaxParallel = result.GetValue(_maxParallel),
            Ask = result.GetValue(_ask) ? new ConsentPrompt(StandardInput.OpenLines(), lines).AskAsync : null,
        };
    }

    // With a number of files the time limit runs from the last event; without one it runs until stopped.
    private static async Task<int> CountAsync(RoomSubscription events, RoomOutput output, int? files, TimeSpan timeout, CancellationToken cancellationToken)
    {
        int received = 0;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (files is not null)
        {
            idle.CancelAfter(timeout);
        }

        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(idle.Token).ConfigureAwait(false))
            {
                output.Show(e);
                if (files is not null)
                {
                    idle.CancelAfter(timeout);
                }

                if (e is RoomTransferChanged { Transfer: { State: EGoatTransferState.Completed, Direction: EGoatDirection.Received } } && ++received >= files)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing moved for too long: the caller says so.
        }

        return received;
    }
}
