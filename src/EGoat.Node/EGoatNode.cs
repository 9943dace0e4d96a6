using System.Diagnostics.CodeAnalysis;
using System.Net;
using EGoat.History;
using EGoat.Mesh;
using EGoat.Web;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Tracing;

namespace EGoat.Node;

/// <summary>One installation in this process: its identity, its history, the rooms it has joined, the servers it runs.</summary>
public sealed class EGoatNode : IAsyncDisposable
{
    private static readonly SemaphoreSlim SharedGate = new(1);
    private static EGoatNode? _shared;

    private readonly DtlsCertificate _certificate;
    /// <summary>This process, as its peers tell it from others of the same identity.</summary>
    private readonly string _instance = Room.CreateInstanceId();
    private readonly Lock _gate = new();
    private readonly List<Room> _rooms = [];
    private readonly List<SignalingServer> _servers = [];
    private readonly NodeWarnings _warnings;
    private readonly TraceSubscription? _trace;
    private readonly Task _tracing;

    private EGoatNode(string dataFolder, DtlsCertificate certificate, HistoryStore history, NodeWarnings warnings, Action<string>? trace)
    {
        _warnings = warnings;
        _trace = trace is null ? null : new TraceSubscription(Tracer);
        _tracing = trace is null ? Task.CompletedTask : Task.Run(() => TraceAsync(_trace!, trace));
        DataFolder = dataFolder;
        _certificate = certificate;
        History = history;
        Identity = IdentityId.FromCertificate(certificate.Der.Span);
    }

    /// <summary>A name for this installation that others recognize, from the user and the machine: <c>Anna (laptop)</c>.</summary>
    public static string DefaultDisplayName => ProposeName(Environment.UserName, Dns.GetHostName());

    /// <summary>The identity id.</summary>
    public string Identity { get; }

    /// <summary>The folder of identity and history.</summary>
    public string DataFolder { get; }

    /// <summary>The history.</summary>
    public HistoryStore History { get; }

    /// <summary>Where all rooms and servers tell what they do; for <see cref="TraceSubscription"/>.</summary>
    public Tracer Tracer { get; } = new();

    /// <summary>The rooms that are joined.</summary>
    public IReadOnlyList<Room> Rooms
    {
        get
        {
            lock (_gate)
            {
                _rooms.RemoveAll(r => r.State == EGoatRoomState.Left);
                return [.. _rooms];
            }
        }
    }

    /// <summary>The servers that run.</summary>
    public IReadOnlyList<SignalingServer> Servers
    {
        get
        {
            lock (_gate)
            {
                _servers.RemoveAll(s => s.Stopped.IsCompleted);
                return [.. _servers];
            }
        }
    }

    /// <summary>Opens the installation.</summary>
    /// <exception cref="NodeException">Its folder, identity or history cannot be used.</exception>
    public static EGoatNode Open(NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string folder = Path.GetFullPath(options.DataFolder ?? DefaultDataFolder());
        var warnings = new NodeWarnings(options.Warn);
        DtlsCertificate certificate = IdentityFile.LoadOrCreate(folder, warnings.Add);
        try
        {
            HistoryStore history = HistoryStore.Open(options.DatabasePath ?? Path.Combine(folder, "chat.db"), new HistoryOptions { Warn = warnings.Add });
            return new EGoatNode(folder, certificate, history, warnings, options.Trace);
        }
        catch (HistoryException e)
        {
            certificate.Dispose();
            throw new NodeException(e.Message, e);
        }
    }

    /// <summary>The installation that this process shares, if it is open.</summary>
    public static EGoatNode? Shared => Volatile.Read(ref _shared);

    /// <summary>The installation that this process shares, opened when it is first asked for.</summary>
    /// <exception cref="NodeException">Its folder, identity or history cannot be used.</exception>
    public static async Task<EGoatNode> GetSharedAsync(CancellationToken cancellationToken)
    {
        await SharedGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _shared ??= Open(new NodeOptions());
        }
        finally
        {
            SharedGate.Release();
        }
    }

    /// <summary>Closes what <see cref="GetSharedAsync"/> opened.</summary>
    public static async Task CloseSharedAsync()
    {
        if (Interlocked.Exchange(ref _shared, null) is { } shared)
        {
            await shared.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Joins a room.</summary>
    /// <exception cref="RoomException">The name is not valid, or the server cannot be reached or refuses.</exception>
    public async Task<Room> JoinAsync(RoomOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        Room room = await Room.JoinAsync(options with { Tracer = Tracer }, _certificate, _instance, History, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            _rooms.Add(room);
        }

        return room;
    }

    /// <summary>Starts a signaling server whose page and REST API show this installation's history.</summary>
    /// <exception cref="SignalingServerException">It cannot listen there.</exception>
    public async Task<SignalingServer> StartSignalingAsync(SignalingServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var trace = new SubjectTrace(Tracer, "server");
        SignalingServer server = await SignalingServer.StartAsync(
            options with
            {
                DataFolder = options.DataFolder ?? DataFolder,
                Hub = options.Hub with { Trace = _trace is null ? null : text => trace.Write(TraceCategory.Signaling, text) },
            },
            History,
            cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            _servers.Add(server);
        }

        return server;
    }

    /// <summary>Takes the oldest line that <see cref="NodeOptions.Warn"/> would have got, had it been set.</summary>
    public bool TryTakeWarning([NotNullWhen(true)] out string? text) => _warnings.TryTake(out text);

    /// <summary>Leaves all rooms, stops all servers, closes the history.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Rooms.Select(r => r.LeaveAsync())).ConfigureAwait(false);
        foreach (SignalingServer server in Servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        await History.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
        _trace?.Dispose();
        await _tracing.ConfigureAwait(false);
    }

    private static async Task TraceAsync(TraceSubscription trace, Action<string> write)
    {
        while (await trace.WaitToReadAsync().ConfigureAwait(false))
        {
            while (trace.TryRead(out string line))
            {
                write(line);
            }
        }
    }

    // Names that every machine has tell nobody apart.
    internal static string ProposeName(string user, string host)
    {
        string machine = host.Split('.')[0];
        machine = machine.Length == 0 || machine.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? "computer" : machine;
        bool isCommon = user.Length == 0 || ((string[])["root", "admin", "administrator", "user", "ubuntu", "debian", "pi"]).Contains(user, StringComparer.OrdinalIgnoreCase);
        return isCommon ? machine : $"{char.ToUpperInvariant(user[0])}{user[1..]} ({machine})";
    }

    internal static string DefaultDataFolder() => Environment.GetEnvironmentVariable("EGOAT_HOME") is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "egoat");
}
