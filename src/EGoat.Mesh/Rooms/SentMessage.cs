namespace EGoat.Mesh;

/// <summary>A message on its way to the members of a room.</summary>
public sealed class SentMessage
{
    private readonly SentText _text;

    internal SentMessage(EGoatMessage message, IReadOnlyList<EGoatPeer> recipients, SentText text)
    {
        Message = message;
        Recipients = recipients;
        _text = text;
    }

    /// <summary>The message; <see cref="EGoatMessage.Kept"/> says whether the store holds it.</summary>
    public EGoatMessage Message { get; }

    /// <summary>Whom it went to.</summary>
    public IReadOnlyList<EGoatPeer> Recipients { get; }

    /// <summary>
    /// The outcome for each recipient, when each has confirmed or is known not to, for now (<see cref="EGoatDeliveryState.Waiting"/>:
    /// it goes out when that identity is met again) or for good. A recipient that is there and says nothing is waited for: set a limit.
    /// </summary>
    public Task<IReadOnlyList<EGoatDelivery>> Outcome => _text.Outcome;

    /// <summary>The outcome for each recipient so far.</summary>
    public IReadOnlyList<EGoatDelivery> Deliveries => _text.Deliveries;

    /// <summary>Waits for the outcome.</summary>
    /// <param name="timeout">The longest time to wait.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The outcome for each recipient; who has said nothing by then has a reason that says so.</returns>
    public async Task<IReadOnlyList<EGoatDelivery>> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await Outcome.WaitAsync(timeout, _text.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return [.. Deliveries.Select(d => d.State == EGoatDeliveryState.Confirmed || d.Reason is not null ? d : d with { Reason = $"It was not confirmed within {timeout.TotalSeconds:0} s." })];
        }
    }
}
