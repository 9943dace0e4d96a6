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
        (string sql, Conditions where) = MessageTable.Select(query);
        return _reader.StreamAsync(sql, where, MessageTable.Read, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        (string sql, Conditions where) = TransferTable.Select(query);
        return _reader.StreamAsync(sql, where, TransferTable.Read, cancellationToken);
    }

    /// <summary>How many messages match a query, whatever it says to skip or take.</summary>
    /// <exception cref="HistoryException">The file cannot be read.</exception>
    public Task<long> CountMessagesAsync(HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        Conditions where = MessageTable.Where(query);
        return _reader.ReadAsync(
            connection =>
            {
                where.Prepare?.Invoke(connection);
                return connection.GetNumber($"SELECT count(*) FROM messages{where}", [.. where.Parameters]);
            },
            cancellationToken);
    }

    /// <summary>
    /// Makes a copy that is complete in one file, readable by its owner only, and consistent however much is written meanwhile. It
    /// appears under its name when it is whole.
    /// </summary>
    /// <param name="path">The copy. Its folder must be there.</param>
    /// <param name="overwrite">Whether a file that is there is replaced.</param>
    /// <param name="cancellationToken">Ends the copying; nothing is left of it.</param>
    /// <exception cref="IOException">The copy is there already, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The copy cannot be written.</exception>
    /// <exception cref="HistoryException">The history cannot be read, or the disk is full.</exception>
    public Task SaveAsync(string path, bool overwrite, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        return path == Path ? throw new ArgumentException("A history is not copied onto itself.", nameof(path)) : _reader.CopyAsync(path, overwrite, cancellationToken);
    }

    /// <summary>Writes what matches a query, as it is at one moment; JSON lines hold transfers too, and without any restriction identities.</summary>
    /// <returns>How many records were written.</returns>
    /// <exception cref="HistoryException">The history cannot be read.</exception>
    public Task<long> ExportAsync(Stream to, HistoryFormat format, HistoryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(query);
        var export = new HistoryExport(to);
        return _reader.SnapshotAsync(
            connection => format == HistoryFormat.Csv ? export.WriteCsvAsync(connection, query, cancellationToken) : export.WriteJsonLinesAsync(connection, query, cancellationToken),
            cancellationToken);
    }

    /// <summary>
    /// Merges what <see cref="ExportAsync"/> has written, here or elsewhere. What is there already stays as it is; what cannot be
    /// taken is told, and the rest goes on. Messages that are new come after those that are there. Nothing that waits there waits here.
    /// </summary>
    /// <exception cref="HistoryException">The history cannot be written; what came before is there, and importing again goes on.</exception>
    /// <exception cref="FormatException">It is a table that has not the columns of a history.</exception>
    public Task<HistoryImport> ImportAsync(Stream from, HistoryFormat format, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        var importer = new HistoryImporter(_writer);
        return Task.Run(() => format == HistoryFormat.Csv ? importer.ReadCsvAsync(from, cancellationToken) : importer.ReadJsonLinesAsync(from, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Removes messages with their outcomes, and transfers: those of a room, those before a time, or those of a room before a time. What
    /// is removed is overwritten in the file. A message that waits for somebody no longer does.
    /// </summary>
    /// <param name="room">Only what belongs to this room; null for every room.</param>
    /// <param name="before">Only what was received or sent before this time; null for all times.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <exception cref="ArgumentException">Neither is given: that would be everything.</exception>
    /// <exception cref="HistoryException">The history cannot be written; nothing was removed.</exception>
    public async Task<HistoryRemoval> RemoveAsync(string? room, DateTimeOffset? before, CancellationToken cancellationToken) => room is null && before is null
        ? throw new ArgumentException("Name a room, a time, or both.")
        : await _writer.WriteAsync(connection => Removal.Run(connection, room, before), cancellationToken).ConfigureAwait(false);

    /// <summary>Writes what waits, and closes the file.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
