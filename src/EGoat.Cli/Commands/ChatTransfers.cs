using System.Globalization;
using System.Text.Json.Nodes;
using EGoat.Cli.Output;
using EGoat.Mesh;

namespace EGoat.Cli.Commands;

/// <summary>
/// The transfers of a chat, by numbers that are easy to type: those that are offered wait for an answer, those that run can be
/// paused, resumed and cancelled.
/// </summary>
/// <param name="room">The room.</param>
/// <param name="isJson">Whether lines are JSON objects.</param>
/// <param name="show">Shows a line.</param>
internal sealed class ChatTransfers(Room room, bool isJson, Action<string> show)
{
    /// <summary>Files of an offer that are listed; a longer offer is cut.</summary>
    private const int MaxListed = 20;

    /// <summary>Offers that wait; the next is refused.</summary>
    private const int MaxOffers = 20;

    /// <summary>Guards the fields below.</summary>
    private readonly Lock _gate = new();
    private readonly List<string> _ids = [];
    private readonly Dictionary<string, (FileOffer Offer, TaskCompletionSource<FileAnswer> Answer)> _offers = [];

    /// <summary>Shows an offer and waits for <see cref="Accept"/> or <see cref="Reject"/>.</summary>
    public async Task<FileAnswer> AskAsync(FileOffer offer, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<FileAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_offers.Count >= MaxOffers)
            {
                return FileAnswer.Reject("Too many offers wait for an answer.");
            }

            _offers[offer.Id] = (offer, answer);
        }

        Line("offer", offer.Id, DescribeOffer(offer, NumberOf(offer.Id)), new JsonObject
        {
            ["peer"] = offer.Peer.Name,
            ["identity"] = offer.Peer.Identity,
            ["length"] = offer.TotalLength,
            ["files"] = new JsonArray([.. offer.Files.Select(f => new JsonObject { ["path"] = f.Path, ["length"] = f.Length, ["isFolder"] = f.IsFolder })]),
        });
        try
        {
            return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Line("withdrawn", offer.Id, $"[{NumberOf(offer.Id)}] is not offered any more.", []);
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

    /// <summary>Gives a transfer that begins its number, and shows it of one that is sent; an offer to this side has one already.</summary>
    public void Note(EGoatTransfer transfer)
    {
        lock (_gate)
        {
            if (_ids.Contains(transfer.Id) || transfer.IsEnded)
            {
                return;
            }
        }

        int number = NumberOf(transfer.Id);
        if (!isJson && transfer.Direction == EGoatDirection.Sent)
        {
            show($"[{number}] {VisibleText.Line(transfer.Name)} is offered to {VisibleText.Line(transfer.Peer)}.");
        }
    }

    /// <summary>Takes an offer, or some of its files: <c>[N] [1,3-5]</c>.</summary>
    public void Accept(string argument)
    {
        string[] words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        (FileOffer offer, TaskCompletionSource<FileAnswer> answer) = FindOffer(words.ElementAtOrDefault(0) ?? "");
        FileAnswer decided = FileAnswer.Accept;
        if (words.Length > 1 && !ConsentPrompt.TryParse(string.Concat(words[1..]), offer, out decided))
        {
            throw new RoomException("Name files of the offer by their numbers, such as 1,3-5.");
        }

        answer.TrySetResult(decided);
    }

    /// <summary>Refuses an offer: <c>[N]</c>.</summary>
    public void Reject(string argument) => FindOffer(argument).Answer.TrySetResult(FileAnswer.Reject("The receiver does not want it."));

    /// <summary>Lets a transfer rest: <c>[N]</c>.</summary>
    public void Pause(string argument) => room.PauseTransfer(FindRunning(argument));

    /// <summary>Ends a pause: <c>[N]</c>.</summary>
    public void Resume(string argument) => room.ResumeTransfer(FindRunning(argument));

    /// <summary>Gives a transfer up: <c>[N]</c>.</summary>
    public void Cancel(string argument) => room.CancelTransfer(FindRunning(argument));

    /// <summary>Shows what is offered and what runs.</summary>
    public void List()
    {
        FileOffer[] offers;
        lock (_gate)
        {
            offers = [.. _offers.Values.Select(o => o.Offer)];
        }

        foreach (FileOffer offer in offers)
        {
            Line("offer", offer.Id, DescribeOffer(offer, NumberOf(offer.Id)), []);
        }

        List<EGoatTransfer> running = Running();
        foreach (EGoatTransfer transfer in running)
        {
            if (isJson)
            {
                show(EventJson.Transfer(transfer));
            }
            else
            {
                show($"[{NumberOf(transfer.Id)}] {Describe(transfer)}");
            }
        }

        if (isJson)
        {
            show(EventJson.Object(new JsonObject { ["event"] = "transfers", ["offered"] = offers.Length, ["running"] = running.Count }));
        }
        else if (offers.Length == 0 && running.Count == 0)
        {
            show("Nothing is offered, and nothing runs.");
        }
    }

    private static string Describe(EGoatTransfer transfer)
    {
        long done = transfer.BytesTransferred + transfer.BytesResumed;
        string part = transfer.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100.0 * done / transfer.Length:F0} % of {ByteSize.Format(transfer.Length)}") : ByteSize.Format(done);
        string way = transfer.Direction == EGoatDirection.Sent ? "to" : "from";
        string rate = transfer.State == EGoatTransferState.Active ? $", {ByteSize.Format((long)transfer.Rate)}/s" : "";
        return $"{VisibleText.Line(transfer.Name)} {way} {VisibleText.Line(transfer.Peer)}: {transfer.State}, {part}{rate}";
    }

    private static string DescribeOffer(FileOffer offer, int number)
    {
        string total = offer.TotalLength < 0 ? "of unknown length" : ByteSize.Format(offer.TotalLength);
        string what = offer.Files.Count == 1 ? VisibleText.Line(offer.Files[0].Path) : $"{offer.Files.Count:N0} files";
        string files = offer.Files.Count == 1 ? "" : string.Concat(offer.Files.Take(MaxListed).Select((f, i) => $"\n  {i + 1,3}  {VisibleText.Line(f.Path)}"));
        string rest = offer.Files.Count > MaxListed ? $"\n       and {offer.Files.Count - MaxListed:N0} more" : "";
        return $"[{number}] {VisibleText.Line(offer.Peer.Name)} offers {what}, {total}: /accept {number} or /reject {number}{files}{rest}";
    }

    private List<EGoatTransfer> Running() => [.. room.Transfers.Where(t => !t.IsEnded)];

    private (FileOffer Offer, TaskCompletionSource<FileAnswer> Answer) FindOffer(string number)
    {
        lock (_gate)
        {
            string id = Find(number, _offers.Keys, "offer");
            return _offers[id];
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

    private int NumberOf(string id)
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

    private void Line(string @event, string id, string text, JsonObject details)
    {
        if (!isJson)
        {
            show(text);
            return;
        }

        var line = new JsonObject { ["event"] = @event, ["id"] = id, ["number"] = NumberOf(id) };
        foreach ((string name, JsonNode? value) in details.ToList())
        {
            line[name] = value?.DeepClone();
        }

        show(EventJson.Object(line));
    }
}
