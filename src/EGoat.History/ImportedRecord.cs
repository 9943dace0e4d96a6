namespace EGoat.History;

/// <summary>One record of an import, checked: exactly one of its members is set.</summary>
internal sealed record ImportedRecord
{
    /// <summary>The longest text of a message, in characters: more than any surface sends.</summary>
    private const int MaxText = 1 << 20;

    /// <summary>The longest name, id or path, in characters.</summary>
    private const int MaxShort = 4096;

    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public EGoatMessage? Message { get; init; }

    /// <summary>The outcomes of <see cref="Message"/>.</summary>
    public IReadOnlyList<EGoatDelivery> Deliveries { get; init; } = [];

    public EGoatTransfer? Transfer { get; init; }

    public SeenIdentity? Identity { get; init; }

    /// <exception cref="FormatException">It holds what cannot be.</exception>
    public ImportedRecord Check()
    {
        if (Message is { } message)
        {
            CheckShort(message.Id, "id");
            CheckShort(message.Room, "room");
            CheckShort(message.FromIdentity, "fromIdentity");
            CheckLength(message.From, MaxShort, "from");
            CheckLength(message.Text, MaxText, "text");
            CheckTime(message.SentAt);
            CheckTime(message.ReceivedAt);
        }

        if (Transfer is { } transfer)
        {
            CheckShort(transfer.Id, "id");
            CheckShort(transfer.PeerIdentity, "peerIdentity");
            CheckLength(transfer.Name, MaxShort, "name");
            CheckLength(transfer.Path, MaxShort, "path");
            CheckTime(transfer.Started);
            CheckTime(transfer.Finished ?? transfer.Started);
        }

        if (Identity is { } identity)
        {
            CheckShort(identity.Identity, "identity");
            CheckLength(identity.Name, MaxShort, "name");
            CheckTime(identity.FirstSeen);
            CheckTime(identity.LastSeen);
        }

        foreach (EGoatDelivery delivery in Deliveries)
        {
            CheckShort(delivery.PeerIdentity, "peerIdentity");
            CheckTime(delivery.At);
        }

        return this;
    }

    private static void CheckShort(string value, string name)
    {
        if (value.Length == 0)
        {
            throw new FormatException($"'{name}' is empty.");
        }

        CheckLength(value, MaxShort, name);
    }

    private static void CheckLength(string value, int max, string name)
    {
        if (value.Length > max)
        {
            throw new FormatException($"'{name}' is longer than {max} characters.");
        }
    }

    private static void CheckTime(DateTimeOffset time)
    {
        if (time < Earliest || time >= Latest)
        {
            throw new FormatException("A time is before 1970 or after 9998.");
        }
    }
}
