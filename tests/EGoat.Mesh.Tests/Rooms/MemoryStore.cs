namespace EGoat.Mesh.Tests.Rooms;

/// <summary>A store in memory, which several processes of one user may share, and which fails or hangs when it is told to.</summary>
internal sealed class MemoryStore : IRoomStore
{
    private readonly Lock _gate = new();
    private readonly List<EGoatMessage> _messages = [];
    private readonly Dictionary<(string MessageId, string Identity), EGoatDelivery> _deliveries = [];
    private TaskCompletionSource? _hanging;

    /// <summary>What every write fails with; null for none.</summary>
    public Exception? Failure { get; set; }

    /// <summary>How often a message was given to it.</summary>
    public int Attempts { get; private set; }

    public IReadOnlyList<EGoatMessage> Messages
    {
        get
        {
            lock (_gate)
            {
                return [.. _messages];
            }
        }
    }

    public IReadOnlyList<EGoatDelivery> Deliveries
    {
        get
        {
            lock (_gate)
            {
                return [.. _deliveries.Values];
            }
        }
    }

    /// <summary>Writes wait until <see cref="GoOn"/>, as for a database that another program has locked.</summary>
    public void Hang() => _hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void GoOn() => _hanging?.TrySetResult();

    public async ValueTask<(EGoatMessage Message, bool IsNew)> AddMessageAsync(EGoatMessage message, CancellationToken cancellationToken)
    {
        await WriteAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            EGoatMessage? known = _messages.Find(m => m.Id == message.Id && m.FromIdentity == message.FromIdentity);
            if (known is null)
            {
                _messages.Add(message with { Sequence = _messages.Count + 1 });
            }

            return (known ?? _messages[^1], known is null);
        }
    }

    public async ValueTask PutDeliveriesAsync(IReadOnlyList<EGoatDelivery> deliveries, CancellationToken cancellationToken)
    {
        await WriteAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            foreach (EGoatDelivery delivery in deliveries)
            {
                if (!_deliveries.TryGetValue((delivery.MessageId, delivery.PeerIdentity), out EGoatDelivery? known) || known.State != EGoatDeliveryState.Confirmed)
                {
                    _deliveries[(delivery.MessageId, delivery.PeerIdentity)] = delivery;
                }
            }
        }
    }

    public ValueTask<IReadOnlyList<EGoatMessage>> GetWaitingAsync(string room, string identity, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return new([.. _messages.Where(m => m.Room == room && _deliveries.GetValueOrDefault((m.Id, identity)) is { State: EGoatDeliveryState.Waiting })]);
        }
    }

    public ValueTask<IReadOnlyList<EGoatDelivery>> GetDeliveriesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken) =>
        new([.. Deliveries.Where(d => messageIds.Contains(d.MessageId))]);

    public ValueTask<IReadOnlyList<EGoatDelivery>> ExpireDeliveriesAsync(DateTimeOffset before, int maxPerRecipient, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            EGoatDelivery[] expired = [.. _deliveries.Values.Where(d => d.State == EGoatDeliveryState.Waiting && d.At < before).Select(d => d with { State = EGoatDeliveryState.NotConfirmed, Reason = "It has waited for too long." })];
            Array.ForEach(expired, d => _deliveries[(d.MessageId, d.PeerIdentity)] = d);
            return new(expired);
        }
    }

    public ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken) => default;

    public ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken) => default;

    public IAsyncEnumerable<EGoatMessage> QueryMessagesAsync(HistoryQuery query, CancellationToken cancellationToken) => Messages.ToAsyncEnumerable();

    public IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken) => AsyncEnumerable.Empty<EGoatTransfer>();

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Attempts++;
        }

        if (_hanging is { } hanging)
        {
            await hanging.Task.WaitAsync(cancellationToken).ConfigureAwait(false); // virtual time waits for the thread pool only
        }

        if (Failure is { } failure)
        {
            throw failure;
        }
    }
}
