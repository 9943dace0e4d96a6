using System.CommandLine;
using EGoat.Cli.Output;
using EGoat.Keys;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc;

namespace EGoat.Cli;

/// <summary>The options that several commands share.</summary>
internal sealed class CommonOptions
{
    /// <summary>The longest time without progress, in seconds.</summary>
    private const int DefaultTimeout = 60;

    private NodeConfiguration? _configuration;

    public Option<string?> Data { get; } = new("--data") { Description = "The folder of identity and history (default: $EGOAT_HOME, else the per-user data folder).", HelpName = "DIR" };

    public Option<string?> Database { get; } = new("--database") { Description = "The history file (default: chat.db in the data folder).", HelpName = "FILE" };

    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object a line." };

    public Option<string?> Name { get; } = new("--name") { Description = "The name that others see (default: from the user and the machine).", HelpName = "NICK" };

    public Option<Uri?> Server { get; } = new("--server")
    {
        Description = "The signaling server's URL, as 'egoat serve' prints it; not needed with a link.",
        HelpName = "URL",
        CustomParser = result => TryParseServer(result.Tokens[0].Value, out Uri? url) ? url : Refuse<Uri?>(result, NoUrl(result.Tokens[0].Value)),
    };

    public Option<string?> Room { get; } = new("--room") { Description = "The room: the link that 'egoat invite' prints, or for an open room a name of 1 to 64 letters, digits, '-', '_' or '.'.", HelpName = "ROOM" };

    public Option<string[]> IceServer { get; } = CreateIceServer("A STUN or TURN server to use instead of those that the signaling server names; repeatable.");

    public Option<bool> RelayOnly { get; } = new("--relay-only") { Description = "Reach peers through TURN servers only; they never learn this machine's addresses." };

    public Option<int?> MaxPacket { get; } = CreateMaxPacket();

    public Option<bool> Trace { get; } = new("--trace") { Description = "Tell on standard error what connections do: for finding out why one fails." };

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "Tell of every file, with its hash." };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Show messages and problems only." };

    public Option<int?> Timeout { get; } = new("--timeout") { Description = $"The longest time without progress, in seconds (default {DefaultTimeout}).", HelpName = "S" };

    public Option<TimeSpan?> KeepPartial { get; } = new("--keep-partial")
    {
        Description = $"How old incomplete files become before they are removed, in days or as 12h (default {ReceiveOptions.DefaultKeepPartial.TotalDays:0} days).",
        HelpName = "AGE",
        CustomParser = result => Duration.TryParse(result.Tokens[0].Value, out TimeSpan age) ? age : Refuse<TimeSpan?>(result, $"'{result.Tokens[0].Value}' is not a number of days, or a time such as 12h or 30min."),
    };

    public Option<bool> PreserveMode { get; } = new("--preserve-mode") { Description = "Give files the permission bits that their sender tells (default: without those that the umask leaves out)." };

    /// <summary>Takes warnings instead of standard error, while something is drawn there or each line is an event. Called on any thread.</summary>
    public Action<string>? WarnTo { get; set; }

    /// <summary>Takes traces instead of standard error, while something is drawn there. Called on any thread.</summary>
    public Action<string>? TraceTo { get; set; }

    /// <summary>Opens the installation that the options name.</summary>
    public EGoatNode OpenNode(ParseResult result) => EGoatNode.Open(new NodeOptions
    {
        DataFolder = result.GetValue(Data),
        DatabasePath = result.GetValue(Database),
        Warn = Warn,
        Trace = result.GetValue(Trace) ? line => (TraceTo ?? Console.Error.WriteLine)(VisibleText.Text(line, "    ")) : null,
    });

    /// <summary>Joins the room that the options name, and tries for --timeout to reach a server that is not up yet.</summary>
    public Task<Room> JoinAsync(EGoatNode node, ParseResult result, ReceiveOptions? receive, CancellationToken cancellationToken)
    {
        string? room = GetText(result, Room, "room");
        RoomLink? link = room is null ? null : ReadLink(result, room);
        TimeSpan patience = GetTimeout(result);
        return node.JoinAsync(
            new RoomOptions
            {
                Server = link?.PinnedServer ?? GetServer(result),
                Room = link?.Label ?? room ?? throw Missing("the room", Room, "room"),
                Key = link?.Key,
                DisplayName = GetText(result, Name, "name") ?? EGoatNode.DefaultDisplayName,
                Patience = patience,
                Retrying = reason => Warn($"{reason} Trying for {patience.TotalSeconds:F0} s."),
                Receive = receive,
                RelayOnly = result.GetValue(RelayOnly),
                MaxPacketSize = result.GetValue(MaxPacket),
                IceServers = result.GetValue(IceServer) is { Length: > 0 } servers ? ParseIceServers(servers) : null,
            },
            cancellationToken);
    }

    // What is meant as a link is one or an error: it never becomes the name of an open room.
    private RoomLink? ReadLink(ParseResult result, string room)
    {
        if (!RoomLink.IsMeant(room))
        {
            return null;
        }

        if (!RoomLink.TryParse(room, out RoomLink? link, out string error))
        {
            throw new CommandException(ExitCode.Usage, error);
        }

        return result.GetValue(Server) is null ? link : throw new CommandException(ExitCode.Usage, "The link names its server; leave --server out.");
    }

    /// <summary>Where a command shows what happens in its room, and what is wrong with the installation.</summary>
    public RoomOutput CreateOutput(ParseResult result, TextWriter lines, TextOutputOptions options)
    {
        RoomOutput output = result.GetValue(Json)
            ? new JsonRoomOutput(lines, TimeProvider.System)
            : new TextRoomOutput(lines, options with { IsVerbose = result.GetValue(Verbose), IsQuiet = result.GetValue(Quiet) });
        (WarnTo, TraceTo) = (output.Warn, output.Trace);
        return output;
    }

    /// <summary>An option that names STUN and TURN servers.</summary>
    public static Option<string[]> CreateIceServer(string description)
    {
        var option = new Option<string[]>("--ice-server") { Description = description, HelpName = "URL" };
        option.Validators.Add(result =>
        {
            foreach (System.CommandLine.Parsing.Token token in result.Tokens)
            {
                if (!EGoat.WebRtc.Ice.IceServer.TryParse(token.Value, out _))
                {
                    result.AddError($"'{token.Value}' is not {EGoat.WebRtc.Ice.IceServer.Syntax}.");
                }
            }
        });
        return option;
    }

    public static IReadOnlyList<IceServer> ParseIceServers(string[] texts) =>
        [.. texts.Select(t => EGoat.WebRtc.Ice.IceServer.TryParse(t, out IceServer? server) ? server : throw new ArgumentException(t, nameof(texts)))];

    /// <summary>The longest time without progress.</summary>
    public TimeSpan GetTimeout(ParseResult result) => FindTimeout(result) ?? TimeSpan.FromSeconds(DefaultTimeout);

    /// <summary>The longest time without progress, if somebody has chosen one: what transfers ask the other side for.</summary>
    public TimeSpan? FindTimeout(ParseResult result)
    {
        int? seconds = result.GetValue(Timeout);
        if (seconds is null && Configuration(result).Find("timeout") is { } found)
        {
            seconds = int.TryParse(found.Value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int parsed) ? parsed : 0;
        }

        return seconds is <= 0 ? throw new CommandException(ExitCode.Usage, "--timeout is a number of seconds above 0.")
            : seconds is { } valid ? TimeSpan.FromSeconds(valid)
            : null;
    }

    /// <summary>The signaling server that an option names, or the environment, or the configuration file.</summary>
    public Uri GetServer(ParseResult result)
    {
        if (result.GetValue(Server) is { } server)
        {
            return server;
        }

        (string value, string source) = Configuration(result).Find("server") ?? throw Missing("the signaling server", Server, "server");
        return TryParseServer(value, out Uri? url) ? url : throw new CommandException(ExitCode.Usage, $"{NoUrl(value)} It comes from {source}.");
    }

    /// <summary>A text that an option gives, or the environment, or the configuration file.</summary>
    public string? GetText(ParseResult result, Option<string?> option, string key) => result.GetValue(option) ?? Configuration(result).Find(key)?.Value;

    public void AddRoomOptions(Command command)
    {
        command.Options.Add(Server);
        command.Options.Add(Room);
        command.Options.Add(Name);
        command.Options.Add(IceServer);
        command.Options.Add(RelayOnly);
        command.Options.Add(MaxPacket);
        command.Options.Add(Trace);
        command.Options.Add(Verbose);
        command.Options.Add(Quiet);
        AddNodeOptions(command);
    }

    public void AddNodeOptions(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Database);
        command.Options.Add(Json);
    }

    /// <summary>Adds the options of commands that receive files into a folder.</summary>
    public void AddReceiveOptions(Command command)
    {
        command.Options.Add(KeepPartial);
        command.Options.Add(PreserveMode);
    }

    /// <summary>Whether an option is given that only means something for files in a folder.</summary>
    public bool HasReceiveOptions(System.CommandLine.Parsing.SymbolResult result) => result.GetResult(KeepPartial) is not null || result.GetResult(PreserveMode) is not null;

    /// <summary>A folder to receive into, made now: one that cannot be written is an error before anybody offers a file.</summary>
    public ReceiveOptions CreateReceive(ParseResult result, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".egoat-{Guid.NewGuid():N}.probe");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"The folder '{folder}' cannot be written: {e.Message} Choose another one with --output.");
        }

        return new ReceiveOptions
        {
            Destination = folder,
            Timeout = FindTimeout(result),
            KeepPartial = result.GetValue(KeepPartial) ?? ReceiveOptions.DefaultKeepPartial,
            PreserveMode = result.GetValue(PreserveMode),
        };
    }

    /// <summary>Makes a number below a least one an error.</summary>
    public static void AtLeast(Option option, int least, string error) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int?>() < least)
        {
            result.AddError(error);
        }
    });

    /// <summary>An option that is a number of bytes.</summary>
    public static Option<long?> CreateSize(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result => ByteSize.TryParse(result.Tokens[0].Value, out long bytes) && bytes > 0
            ? bytes
            : Refuse<long?>(result, $"'{result.Tokens[0].Value}' is not a number of bytes such as 500, 10MB or 1.5GiB."),
    };

    private static Option<int?> CreateMaxPacket()
    {
        var option = new Option<int?>("--max-packet")
        {
            Description = $"The longest datagram to try on the way to a peer, {PeerConnection.BaseDatagramSize} to {PeerConnectionOptions.DatagramSizeLimit} bytes (default: as long as the way carries).",
            HelpName = "BYTES",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < PeerConnection.BaseDatagramSize or > PeerConnectionOptions.DatagramSizeLimit)
            {
                result.AddError($"--max-packet is a number of bytes from {PeerConnection.BaseDatagramSize} to {PeerConnectionOptions.DatagramSizeLimit}.");
            }
        });
        return option;
    }

    private void Warn(string text) => (WarnTo ?? (t => Console.Error.WriteLine($"egoat: {VisibleText.Text(t, "  ")}")))(text);

    private NodeConfiguration Configuration(ParseResult result) => _configuration ??= NodeConfiguration.Read(result.GetValue(Data));

    private static CommandException Missing(string what, Option option, string key) =>
        new(ExitCode.Usage, $"Name {what} with {option.Name}, or once for all with 'egoat config {key} {option.HelpName}'.");

    private static bool TryParseServer(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is "http" or "https";

    private static string NoUrl(string text) => $"'{text.Split('#')[0]}' is not a URL that begins with http:// or https://.";

    private static T Refuse<T>(System.CommandLine.Parsing.SymbolResult result, string message)
    {
        result.AddError(message);
        return default!;
    }
}
