namespace EGoat.Mesh.Tests.Hostile;

/// <summary>A store for rooms whose history nobody asks for.</summary>
internal sealed class ForgetfulStore : IRoomStore
{
    public ValueTask<(EGoatMessage Message, bool IsNew)> AddMessageAsync(EGoatMessage message, CancellationToken cancellationToken) => new((message, true));

    public ValueTask PutDeliveriesAsync(IReadOnlyList<EGoatDelivery> deliveries, CancellationToken cancellationToken) => default;

    public ValueTask<IReadOnlyList<EGoatMessage>> GetWaitingAsync(string room, string identity, CancellationToken cancellationToken) => new([]);

    public ValueTask<IReadOnlyList<EGoatDelivery>> GetDeliveriesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken) => new([]);

    public ValueTask<IReadOnlyList<EGoatDelivery>> ExpireDeliveriesAsync(DateTimeOffset before, int maxPerRecipient, CancellationToken cancellationToken) => new([]);

    public ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken) => default;

    public ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken) => default;

    public IAsyncEnumerable<EGoatMessage> QueryMessagesAsync(HistoryQuery query, CancellationToken cancellationToken) => AsyncEnumerable.Empty<EGoatMessage>();

    public IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken) => AsyncEnumerable.Empty<EGoatTransfer>();
}
