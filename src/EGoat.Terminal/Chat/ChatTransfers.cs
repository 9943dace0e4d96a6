using System.Globalization;
using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>
/// The transfers of a chat, by numbers that are easy to type: those that are offered wait for an answer, those that run can be
/// paused, resumed and cancelled.
/// </summary>
/// <param name="room">The room.</param>
/// <param name="output">Shows offers.</param>
public sealed class ChatTransfers(Room room, IChatOutput output)
{
    /// <summary>Offers that wait; the next is refused.</summary>
    private const int MaxOffers = 20;

    /// <summary>Guards the fields below.</summary>
    private readonly Lock _gate = new();
    private readonly List<string> _ids = [];
    private readonly Dictionary<string, (FileOffer Offer, TaskCompletionSource<FileAnswer> Answer)> _offers = [];

    /// <summary>Shows an offer and waits for <see cref="Accept"/> or <see cref="Reject"/>.</summary>
    public async Task<FileAnswer> AskAsync(FileOffer offer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offer);
        var answer = new TaskCompletionSource<FileAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_offers.Count >= MaxOffers)
            {
                return FileAnswer.Reject("Too many offers wait for an answer.");
            }

            _offers[offer.Id] = (offer, answer);
        }

        output.ShowOffer(offer, NumberOf(offer.Id));
        try
        {
            return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            output.ShowWithdrawn(offer, NumberOf(offer.Id));
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _offers.Remove(offer.Id);
            }
        }
    }

    /// <summary>Takes an offer, or some of its files: <c>[N] [1,3-5]</c>.</summary>
    public void Accept(string argument)
    {
        string[] words = Words(argument);
        (FileOffer offer, TaskCompletionSource<FileAnswer> answer) = FindOffer(words.ElementAtOrDefault(0) ?? "");
        FileAnswer decided = FileAnswer.Accept;
        if (words.Length > 1 && !FileSelection.TryParse(string.Concat(words[1..]), offer, out decided))
        {
            throw new RoomException("Name files of the offer by their numbers, such as 1,3-5.");
        }

        answer.TrySetResult(decided);
    }

    /// <summary>Refuses an offer: <c>[N]</c>.</summary>
    public void Reject(string argument) => FindOffer(argument).Answer.TrySetResult(FileAnswer.Reject(FileSelection.NotWanted));

    /// <summary>Pauses a transfer: <c>[N]</c>.</summary>
    public void Pause(string argument) => room.PauseTransfer(FindRunning(argument));

    /// <summary>Ends a pause: <c>[N]</c>.</summary>
    public void Resume(string argument) => room.ResumeTransfer(FindRunning(argument));

    /// <summary>Cancels a transfer: <c>[N]</c>.</summary>
    public void Cancel(string argument) => room.CancelTransfer(FindRunning(argument));

    /// <summary>Shows what is offered and what runs.</summary>
    public void List()
    {
        FileOffer[] offers;
        lock (_gate)
        {
            offers = [.. _offers.Values.Select(o => o.Offer)];
        }

        output.ShowTransfers([.. offers.Select(o => (NumberOf(o.Id), o))], [.. Running().Select(t => (NumberOf(t.Id), t))]);
    }

    /// <summary>The number of a transfer; it is given one.</summary>
    public int NumberOf(string id)
    {
        lock (_gate)
        {
            int at = _ids.IndexOf(id);
            if (at < 0)
            {
                at = _ids.Count;
                _ids.Add(id);
            }

            return at + 1;
        }
    }

    private static string[] Words(string argument) => argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private List<EGoatTransfer> Running() => [.. room.Transfers.Where(t => !t.IsEnded)];

    private (FileOffer Offer, TaskCompletionSource<FileAnswer> Answer) FindOffer(string number)
    {
        lock (_gate)
        {
            return _offers[Find(number, _offers.Keys, "offer")];
        }
    }

    private string FindRunning(string number)
    {
        string[] running = [.. Running().Select(t => t.Id).Distinct()];
        lock (_gate)
        {
            return Find(number, running, "transfer");
        }
    }

    // Without a number there must be one only.
    private string Find(string number, IReadOnlyCollection<string> ids, string what)
    {
        string wanted = number.Trim();
        string? id = wanted.Length > 0
            ? ids.FirstOrDefault(i => int.TryParse(wanted, CultureInfo.InvariantCulture, out int n) && n == NumberOf(i))
            : ids.Count == 1 ? ids.First() : null;
        return id ?? throw new RoomException(
            ids.Count == 0 ? $"There is no {what}."
            : wanted.Length == 0 ? $"Which {what}? /transfers shows their numbers."
            : $"There is no {what} {VisibleText.Line(wanted)}. /transfers shows their numbers.");
    }
}
