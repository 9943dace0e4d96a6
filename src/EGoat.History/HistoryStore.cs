namespace EGoat.History;

/// <summary>
/// <c>chat.db</c>: a SQLite file in WAL mode with synchronous=FULL, so that what was acknowledged survives a power cut.
/// Several processes of one user may have it open at once.
/// </summary>
public sealed class HistoryStore : IRoomStore, IAsyncDisposable
{
    private readonly HistoryFile _file;
    private readonly HistoryWriter _writer;
    private readonly HistoryReader _reader;

    private HistoryStore(HistoryFile file)
    {
        _file = file;
        _writer = new HistoryWriter(file);
        _reader = new HistoryReader(file, _writer);
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>Opens the file, makes it if it is not there (readable by its owner only), and brings it up to date.</summary>
    /// <exception cref="HistoryException">It cannot be opened, is damaged, or comes from a later version.</exception>
    public static HistoryStore Open(string path, HistoryOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new HistoryStore(new HistoryFile(path, options ?? new HistoryOptions()));
    }

    /// <inheritdoc/>
    public ValueTask<(EGoatMessage Message, bool IsNew)> AddMessageAsync(EGoatMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _writer.WriteAsync(connection => MessageTable.Add(connection, message), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask PutDeliveriesAsync(IReadOnlyList<EGoatDelivery> deliveries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        await _writer.WriteAsync(
            connection =>
            {
                foreach (EGoatDelivery delivery in deliveries)
                {
                    DeliveryTable.Put(connection, delivery);
                }

                return deliveries.Count;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatMessage>> GetWaitingAsync(string room, string identity, CancellationToken cancellationToken) =>
        await _reader.ReadAsync(connection => DeliveryTable.GetWaiting(connection, room, identity), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatDelivery>> GetDeliveriesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messageIds);
        return await _reader.ReadAsync(connection => DeliveryTable.Get(connection, messageIds), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EGoatDelivery>> ExpireDeliveriesAsync(DateTimeOffset before, int maxPerRecipient, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxPerRecipient);
        return await _writer.WriteAsync(connection => DeliveryTable.Expire(connection, before, maxPerRecipient, _file.Time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        await _writer.WriteAsync(
            connection =>
            {
                TransferTable.Put(connection, transfer);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken) =>
        _writer.WriteAsync(connection => IdentityTable.Note(connection, identity, name, room, at), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<EGoatMessage> QueryMessagesAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(identity = $peer OR name = $peer)", "$peer", query.Peer);
        where.Add("received_at >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("received_at < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        where.Add("sequence > $after", "$after", query.AfterSequence);
        where.Add("sequence < $before", "$before", query.BeforeSequence);
        SearchText.Parse(query.Text)?.AddTo(where);
        string sql = $"SELECT {MessageTable.Columns} FROM messages{where} ORDER BY sequence {(query.NewestFirst ? "DESC" : "ASC")}";
        return _reader.StreamAsync(sql, where, query, MessageTable.Read, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var where = new Conditions();
        where.Add("room = $room", "$room", query.Room);
        where.Add("(peer_identity = $peer OR peer = $peer)", "$peer", query.Peer);
        where.Add("started >= $since", "$since", query.Since?.ToUnixTimeMilliseconds());
        where.Add("started < $until", "$until", query.Until?.ToUnixTimeMilliseconds());
        string sql = $"SELECT {TransferTable.Columns} FROM transfers{where} ORDER BY started {(query.NewestFirst ? "DESC" : "ASC")}, rowid";
        return _reader.StreamAsync(sql, where, query, TransferTable.Read, cancellationToken);
    }

    /// <summary>Writes what waits, and closes the file.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
