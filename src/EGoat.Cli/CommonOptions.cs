using System.CommandLine;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.WebRtc;
using EGoat.WebRtc.Ice;

namespace EGoat.Cli;

/// <summary>The options that several commands share.</summary>
internal sealed class CommonOptions
{
    public Option<string?> Data { get; } = new("--data") { Description = "The folder of identity and history (default: $EGOAT_HOME, else the per-user data folder).", HelpName = "DIR" };

    public Option<string?> Database { get; } = new("--database") { Description = "The history file (default: chat.db in the data folder).", HelpName = "FILE" };

    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object a line." };

    public Option<string> Name { get; } = new("--name") { Description = "The name that others see (default: user@host).", HelpName = "NICK", DefaultValueFactory = _ => EGoatNode.DefaultDisplayName };

    public Option<Uri> Server { get; } = new("--server")
    {
        Description = "The signaling server's URL, as 'egoat serve' prints it.",
        HelpName = "URL",
        Required = true,
        CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? url : Refuse<Uri>(result, $"'{result.Tokens[0].Value.Split('#')[0]}' is not a URL that begins with http:// or https://."),
    };

    public Option<string> Room { get; } = new("--room") { Description = "The room: 1 to 64 letters, digits, '-', '_' or '.'.", HelpName = "NAME", Required = true };

    public Option<string[]> IceServer { get; } = CreateIceServer("A STUN or TURN server to use instead of those that the signaling server names; repeatable.");

    public Option<bool> RelayOnly { get; } = new("--relay-only") { Description = "Reach peers through TURN servers only; they never learn this machine's addresses." };

    public Option<int?> MaxPacket { get; } = CreateMaxPacket();

    public Option<bool> Trace { get; } = new("--trace") { Description = "Tell on standard error what connections do: for finding out why one fails." };

    public Option<int> Timeout { get; } = new("--timeout")
    {
        Description = "The longest time without progress, in seconds (default 60).",
        HelpName = "S",
        DefaultValueFactory = _ => 60,
    };

    /// <summary>Opens the installation that the options name.</summary>
    public EGoatNode OpenNode(ParseResult result) => EGoatNode.Open(new NodeOptions
    {
        DataFolder = result.GetValue(Data),
        DatabasePath = result.GetValue(Database),
        Warn = text => Console.Error.WriteLine($"egoat: {text}"),
        Trace = result.GetValue(Trace) ? Console.Error.WriteLine : null,
    });

    /// <summary>Joins the room that the options name.</summary>
    public Task<Room> JoinAsync(EGoatNode node, ParseResult result, ReceiveOptions? receive, CancellationToken cancellationToken) => node.JoinAsync(
        new RoomOptions
        {
            Server = result.GetRequiredValue(Server),
            Room = result.GetRequiredValue(Room),
            DisplayName = result.GetRequiredValue(Name),
            Receive = receive,
            RelayOnly = result.GetValue(RelayOnly),
            MaxPacketSize = result.GetValue(MaxPacket),
            IceServers = result.GetValue(IceServer) is { Length: > 0 } servers ? ParseIceServers(servers) : null,
        },
        cancellationToken);

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

    public TimeSpan GetTimeout(ParseResult result) => result.GetValue(Timeout) is > 0 and int seconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new CommandException(ExitCode.Usage, "--timeout is a number of seconds above 0.");

    public void AddRoomOptions(Command command)
    {
        command.Options.Add(Server);
        command.Options.Add(Room);
        command.Options.Add(Name);
        command.Options.Add(IceServer);
        command.Options.Add(RelayOnly);
        command.Options.Add(MaxPacket);
        command.Options.Add(Trace);
        AddNodeOptions(command);
    }

    public void AddNodeOptions(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Database);
        command.Options.Add(Json);
    }

    /// <summary>A folder to receive into, made now: one that cannot be written is an error before anybody offers a file.</summary>
    public static ReceiveOptions CreateReceive(string folder)
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

        return new ReceiveOptions { Destination = folder };
    }

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

    private static T Refuse<T>(System.CommandLine.Parsing.SymbolResult result, string message)
    {
        result.AddError(message);
        return default!;
    }
}
