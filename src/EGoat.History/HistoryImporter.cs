using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Merges what another program, or another installation, has written: what is there already stays as it is.</summary>
internal sealed class HistoryImporter(HistoryWriter writer)
{
    /// <summary>Records of one commit.</summary>
    private const int BatchSize = 500;

    private readonly List<ImportedRecord> _batch = [];
    private readonly List<string> _problems = [];
    private HistoryImport _done = new();

    /// <exception cref="HistoryException">The history cannot be written; what came before is there.</exception>
    public async Task<HistoryImport> ReadJsonLinesAsync(Stream from, CancellationToken cancellationToken)
    {
        using var reader = new RecordReader(from);
        await ReadAsync(
            reader,
            () =>
            {
                string? line = reader.ReadLine();
                return line is null ? (false, null) : (true, string.IsNullOrWhiteSpace(line) ? null : JsonLines.Parse(line));
            },
            cancellationToken).ConfigureAwait(false);
        return Finish();
    }

    /// <exception cref="HistoryException">The history cannot be written; what came before is there.</exception>
    /// <exception cref="FormatException">It has not the columns of a history.</exception>
    public async Task<HistoryImport> ReadCsvAsync(Stream from, CancellationToken cancellationToken)
    {
        using var reader = new RecordReader(from);
        Dictionary<string, int> columns = Csv.ParseHeader(reader.ReadRow() ?? []);
        await ReadAsync(
            reader,
            () =>
            {
                List<string>? row = reader.ReadRow();
                return row is null ? (false, null) : (true, row is [""] ? null : Csv.Parse(row, columns));
            },
            cancellationToken).ConfigureAwait(false);
        return Finish();
    }

    private async Task ReadAsync(RecordReader reader, Func<(bool IsMore, ImportedRecord? Record)> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                (bool isMore, ImportedRecord? record) = read();
                if (!isMore)
                {
                    break;
                }

                if (record is not null)
                {
                    _batch.Add(record);
                }
            }
            catch (FormatException e)
            {
                _done = _done with { Rejected = _done.Rejected + 1 };
                if (_problems.Count < HistoryImport.MaxProblems)
                {
                    _problems.Add($"Line {reader.Line}: {e.Message}");
                }
            }

            if (_batch.Count == BatchSize)
            {
                await WriteAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        await WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        _done = await writer.WriteAsync(connection => _batch.Aggregate(_done, (done, record) => Add(connection, done, record)), cancellationToken).ConfigureAwait(false);
        _batch.Clear();
    }

    private HistoryImport Finish() => _done with { Problems = _problems };

    private static HistoryImport Add(SqliteConnection connection, HistoryImport done, ImportedRecord record)
    {
        if (record.Message is { } message)
        {
            bool isNew = MessageTable.Add(connection, message).IsNew;
            foreach (EGoatDelivery delivery in record.Deliveries)
            {
                DeliveryTable.Import(connection, delivery);
            }

            return isNew ? done with { MessagesAdded = done.MessagesAdded + 1 } : done with { MessagesPresent = done.MessagesPresent + 1 };
        }

        if (record.Transfer is { } transfer)
        {
            return TransferTable.Import(connection, transfer) ? done with { TransfersAdded = done.TransfersAdded + 1 } : done with { TransfersPresent = done.TransfersPresent + 1 };
        }

        return IdentityTable.Import(connection, record.Identity!) ? done with { IdentitiesAdded = done.IdentitiesAdded + 1 } : done with { IdentitiesPresent = done.IdentitiesPresent + 1 };
    }
}
