using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Writes what a query finds, as it is at one moment, for other programs.</summary>
internal sealed class HistoryExport(Stream to)
{
    /// <summary>Messages whose outcomes are looked up at once.</summary>
    private const int BatchSize = 500;

    /// <returns>How many records were written.</returns>
    public async Task<long> WriteJsonLinesAsync(SqliteConnection connection, HistoryQuery query, CancellationToken cancellationToken)
    {
        long count = 0;
        var buffer = new ArrayBufferWriter<byte>();
        foreach (EGoatMessage[] batch in MessageTable.Find(connection, query).Chunk(BatchSize))
        {
            ILookup<string, EGoatDelivery> deliveries = DeliveryTable.Get(connection, batch.Where(m => m.Direction == EGoatDirection.Sent).Select(m => m.Id)).ToLookup(d => d.MessageId);
            foreach (EGoatMessage message in batch)
            {
                JsonLines.Write(buffer, message, message.Direction == EGoatDirection.Sent ? deliveries[message.Id] : []);
                buffer.Write("\n"u8);
            }

            count += batch.Length;
            await FlushAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        if (query.Text is null && query.AfterSequence is null && query.BeforeSequence is null)
        {
            foreach (EGoatTransfer transfer in TransferTable.Find(connection, query))
            {
                JsonLines.Write(buffer, transfer);
                buffer.Write("\n"u8);
                count++;
            }
        }

        if (query == new HistoryQuery())
        {
            foreach (SeenIdentity identity in IdentityTable.GetAll(connection))
            {
                JsonLines.Write(buffer, identity);
                buffer.Write("\n"u8);
                count++;
            }
        }

        await FlushAsync(buffer, cancellationToken).ConfigureAwait(false);
        return count;
    }

    /// <returns>How many records were written.</returns>
    public async Task<long> WriteCsvAsync(SqliteConnection connection, HistoryQuery query, CancellationToken cancellationToken)
    {
        long count = 0;
        await to.WriteAsync(Encoding.UTF8.GetPreamble(), cancellationToken).ConfigureAwait(false);
        var text = new StringBuilder(Csv.Header);
        foreach (EGoatMessage[] batch in MessageTable.Find(connection, query).Chunk(BatchSize))
        {
            foreach (EGoatMessage message in batch)
            {
                Csv.Write(text, message);
            }

            count += batch.Length;
            await FlushAsync(text, cancellationToken).ConfigureAwait(false);
        }

        await FlushAsync(text, cancellationToken).ConfigureAwait(false);
        return count;
    }

    private async Task FlushAsync(StringBuilder text, CancellationToken cancellationToken)
    {
        await to.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken).ConfigureAwait(false);
        text.Clear();
    }

    private async Task FlushAsync(ArrayBufferWriter<byte> buffer, CancellationToken cancellationToken)
    {
        await to.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
        buffer.ResetWrittenCount();
    }
}
