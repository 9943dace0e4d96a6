namespace EGoat;

/// <summary>
/// Where rooms keep what was said and sent. Implementations are thread-safe. A task that completed means committed:
/// it survives the end of the process and a power cut.
/// </summary>
public interface IRoomStore
{
    /// <summary>Stores a message. The same (sender identity, id) is stored once however often it arrives.</summary>
    /// <returns>The message with its <see cref="EGoatMessage.Sequence"/>, and whether it was new.</returns>
    ValueTask<(EGoatMessage Message, bool IsNew)> AddMessageAsync(EGoatMessage message, CancellationToken cancellationToken);

    /// <summary>
    /// Stores the outcomes of messages that were sent from here, each under its (message id, peer identity), replacing what
    /// was stored there. Two things stay: what is confirmed, and since when a message has been waiting.
    /// </summary>
    ValueTask PutDeliveriesAsync(IReadOnlyList<EGoatDelivery> deliveries, CancellationToken cancellationToken);

    /// <summary>The messages of a room that wait for an identity, oldest first.</summary>
    ValueTask<IReadOnlyList<EGoatMessage>> GetWaitingAsync(string room, string identity, CancellationToken cancellationToken);

    /// <summary>The outcomes of messages, for all their recipients.</summary>
    ValueTask<IReadOnlyList<EGoatDelivery>> GetDeliveriesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken);

    /// <summary>
    /// Gives up what has been waiting since before a time, and the oldest of what waits for one identity beyond a number: each
    /// becomes <see cref="EGoatDeliveryState.NotConfirmed"/> with a reason.
    /// </summary>
    /// <param name="before">What has been waiting for longer is given up.</param>
    /// <param name="maxPerRecipient">How many messages may wait for one identity, in all rooms; not negative.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <returns>What was given up, in its new state.</returns>
    ValueTask<IReadOnlyList<EGoatDelivery>> ExpireDeliveriesAsync(DateTimeOffset before, int maxPerRecipient, CancellationToken cancellationToken);

    /// <summary>Stores a transfer, or replaces what was stored under its (id, peer identity, name).</summary>
    ValueTask PutTransferAsync(EGoatTransfer transfer, CancellationToken cancellationToken);

    /// <summary>Notes that an identity was seen under a name in a room, now.</summary>
    /// <returns>What was known before about the identity and the name.</returns>
    ValueTask<IdentitySighting> NoteIdentityAsync(string identity, string name, string room, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Messages that match a query.</summary>
    IAsyncEnumerable<EGoatMessage> QueryMessagesAsync(HistoryQuery query, CancellationToken cancellationToken);

    /// <summary>Transfers that match a query.</summary>
    IAsyncEnumerable<EGoatTransfer> QueryTransfersAsync(HistoryQuery query, CancellationToken cancellationToken);
}

/// <summary>What the store knew when an identity was seen.</summary>
/// <param name="IsNewIdentity">The identity had never been seen.</param>
/// <param name="IsNameOfAnother">The name is known, but under another identity: worth an alarm.</param>
public readonly record struct IdentitySighting(bool IsNewIdentity, bool IsNameOfAnother);

/// <summary>What to look for in the history. Unset members do not restrict.</summary>
public sealed record HistoryQuery
{
    /// <summary>The largest page that one query may ask for.</summary>
    public const int MaxPageSize = 10_000;

    /// <summary>Only this room.</summary>
    public string? Room { get; init; }

    /// <summary>Only from or to this peer: an identity id, or a name.</summary>
    public string? Peer { get; init; }

    /// <summary>Only what was received or sent here at or after this time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only what was received or sent here before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only messages that contain each of these words, or parts of words, in any order, whatever their case; taken literally.</summary>
    public string? Text { get; init; }

    /// <summary>Only what was sent, or only what was received.</summary>
    public EGoatDirection? Direction { get; init; }

    /// <summary>Only transfers in this state; messages have none.</summary>
    public EGoatTransferState? TransferState { get; init; }

    /// <summary>Newest first instead of oldest first.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>How many rows to skip.</summary>
    public int Skip { get; init; }

    /// <summary>How many rows to return at most; null for all.</summary>
    public int? Take { get; init; }

    /// <summary>Only rows whose sequence is greater than this: the cursor of the last page when oldest first.</summary>
    public long? AfterSequence { get; init; }

    /// <summary>Only rows whose sequence is smaller than this: the cursor of the last page when newest first.</summary>
    public long? BeforeSequence { get; init; }
}
