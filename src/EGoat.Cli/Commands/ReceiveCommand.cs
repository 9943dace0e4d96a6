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
        CommonOptions.AtLeast(_maxParallel, 1, "--max-parallel is a number of transfers from 1 on.");
        CommonOptions.AtLeast(_files, 1, "--files is a number of files from 1 on.");
        command.Validators.Add(r =>
        {
            if (r.GetValue(_output) is not null && r.GetValue(_stdout))
            {
                r.AddError("Name a folder with --output, or take --stdout.");
            }

            if (r.GetValue(_stdout) && _common.HasReceiveOptions(r))
            {
                r.AddError("--keep-partial and --preserve-mode are for files in a folder: they go with --output, not with --stdout.");
            }
        });
        _common.AddReceiveOptions(command);
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
        using var idle = new IdleLimit(files is null ? null : timeout, TimeProvider.System, cancellationToken);
        ReceiveOptions receive = CreateOptions(result, lines, idle);
        bool isWatched = TerminalModes.CanDraw && !toOutput && !result.GetValue(_ask) && !result.GetValue(_common.Json);
        using RoomOutput output = _common.CreateOutput(result, lines, new TextOutputOptions { Terminal = isWatched ? TerminalModes.OpenOutput() : null, EndsWhenQuiet = files is null });
        EGoatNode node = _common.OpenNode(result);
        await using (node.ConfigureAwait(false))
        {
            Room room = await _common.JoinAsync(node, result, receive, cancellationToken).ConfigureAwait(false);
            using RoomSubscription events = room.Subscribe();
            output.ShowJoined(room);
            var received = new ReceivedFiles();
            await CountAsync(events, output, received, files, idle, cancellationToken).ConfigureAwait(false);
            await room.LeaveAsync(cancellationToken).ConfigureAwait(false);
            while (events.TryRead(out RoomEvent? e))
            {
                // What leaving ends was not wanted any more.
                output.Show(e!);
                if (e is RoomTransferChanged { Transfer: { IsLeftOut: true } leftOut })
                {
                    received.Note(leftOut);
                }
            }

            output.ShowSummary(0);
            return files is { } wanted ? received.Judge(wanted, timeout) : ExitCode.Done;
        }
    }

    // Null: until it is stopped.
    private int? GetFileCount(ParseResult result) => result.GetValue(_files) ?? (result.GetValue(_stdout) ? 1 : null);

    // Standard output may be for the content.
    private TextWriter GetLines(ParseResult result) => result.GetValue(_stdout) ? Console.Error : Console.Out;

    private ReceiveOptions CreateOptions(ParseResult result, TextWriter lines, IdleLimit idle)
    {
        ReceiveOptions options = result.GetValue(_stdout)
            ? new ReceiveOptions { Destination = "", Output = PipeOutputStream.OpenStandardOutput(), Timeout = _common.FindTimeout(result) }
            : _common.CreateReceive(result, _common.GetText(result, _output, "output") ?? throw new CommandException(ExitCode.Usage, "Name a folder with --output, or take --stdout."));
        var prompt = new ConsentPrompt(StandardInput.OpenLines(), lines);
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
            Ask = result.GetValue(_ask) ? (offer, cancelled) => idle.AskAsync(() => prompt.AskAsync(offer, cancelled)) : null,
        };
    }

    // Until all files are there, or nothing has happened for too long.
    private static async Task CountAsync(RoomSubscription events, RoomOutput output, ReceivedFiles received, int? files, IdleLimit idle, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (RoomEvent e in events.ReadAllAsync(idle.Token).ConfigureAwait(false))
            {
                output.Show(e);
                if (e is RoomTransferChanged { Transfer: var transfer })
                {
                    received.Note(transfer);
                }

                idle.Note(received.IsRunning);
                if (received.Completed >= files)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing moved for too long: the caller says so.
        }
    }
}
