using System.Threading.Channels;

namespace EGoat.Signaling;

/// <summary>One socket at the hub: what waits for it, bounded in bytes, and its end.</summary>
internal sealed class HubConnection(IMessageSocket socket, string address, int maxQueuedBytes, HubQueueBudget budget, CancellationTokenSource stop)
{
    private readonly Channel<byte[]> _outgoing = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();

    /// <summary>Bytes that wait; guarded by the gate, as is whether more may be added.</summary>
    private int _queuedBytes;
    private bool _isClosed;

    /// <summary>Where it comes from, as it is told to whoever traces.</summary>
    public string Address => address;

    /// <summary>What its limits go by.</summary>
    public string Prefix { get; } = AddressPrefix.Of(address);

    /// <summary>Queues a message; a member that does not read is closed.</summary>
    public void Send(SignalingMessage message) => Send(message.Format());

    /// <summary>Queues a message that several get.</summary>
    public void Send(byte[] message)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            if (_queuedBytes + message.Length <= maxQueuedBytes && budget.TryTake(message.Length))
            {
                _queuedBytes += message.Length;
                _outgoing.Writer.TryWrite(message);
                return;
            }
        }

        End();
    }

    /// <summary>Sends what is queued, until <see cref="Complete"/> or the end.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (byte[] message in _outgoing.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await socket.SendAsync(message, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    Release(message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Its end.
        }
        finally
        {
            Complete();
            while (_outgoing.Reader.TryRead(out byte[]? message))
            {
                Release(message);
            }
        }
    }

    /// <summary>Nothing more is queued.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        _outgoing.Writer.TryComplete();
    }

    /// <summary>Ends the socket.</summary>
    public void End()
    {
        try
        {
            _ = stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    private void Release(byte[] message)
    {
        lock (_gate)
        {
            _queuedBytes -= message.Length;
        }

        budget.Return(message.Length);
    }
}
