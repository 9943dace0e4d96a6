using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using EGoat.Signaling;

namespace EGoat.Testing;

/// <summary>A WebSocket in memory, both ends.</summary>
internal sealed class MemoryLink
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _keepAlive;
    private readonly Channel<string> _toServer = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _toClient = Channel.CreateUnbounded<string>();

    private readonly ConcurrentQueue<(Channel<string> To, string? Message)> _waiting = new();
    private ITimer? _keepingAlive;

    public MemoryLink(TimeProvider time, TimeSpan keepAlive)
    {
        _time = time;
        _keepAlive = keepAlive;
        Client = new End(this, _toServer, _toClient);
        Server = new End(this, _toClient, _toServer);
    }

    public ISignalingConnection Client { get; }

    public IMessageSocket Server { get; }

    /// <summary>The hub's side of it.</summary>
    public Task Served { get; set; } = Task.CompletedTask;

    public bool HasLostAddress { get; set; }

    /// <summary>Whether what is said waits, as TCP repeats it, for the end of the cut.</summary>
    private bool IsCut { get; set; }

    /// <summary>From now on nothing arrives at either end; the server's keep-alive notices.</summary>
    public void Cut()
    {
        IsCut = true;
        _keepingAlive = _time.CreateTimer(_ => _toServer.Writer.TryComplete(), null, _keepAlive, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What has waited arrives.</summary>
    public void Mend()
    {
        _keepingAlive?.Dispose();
        IsCut = false;
        while (_waiting.TryDequeue(out (Channel<string> To, string? Message) waiting))
        {
            _ = waiting.Message is null ? waiting.To.Writer.TryComplete() : waiting.To.Writer.TryWrite(waiting.Message);
        }
    }

    private void Pass(Channel<string> to, string? message)
    {
        _waiting.Enqueue((to, message));
        if (!IsCut)
        {
            Mend();
        }
    }

    /// <summary>Both ends see it closed.</summary>
    public void Close()
    {
        _toClient.Writer.TryComplete();
        _toServer.Writer.TryComplete();
    }

    private sealed class End(MemoryLink link, Channel<string> outgoing, Channel<string> incoming) : ISignalingConnection
    {
        public bool HasLostAddress => link.HasLostAddress;

        public async ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await incoming.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException)
            {
                return null;
            }
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            link.Pass(outgoing, Encoding.UTF8.GetString(message.Span));
            return ValueTask.CompletedTask;
        }

        public ValueTask CloseAsync(string reason)
        {
            link.Pass(outgoing, null);
            return ValueTask.CompletedTask;
        }

        public void Dispose() => _ = CloseAsync("").AsTask();
    }
}
