using System.Globalization;

namespace EGoat.Terminal;

/// <summary>One file and one peer, at its end, as a line.</summary>
public static class TransferLine
{
    /// <summary>What came of it.</summary>
    /// <param name="transfer">An ended transfer.</param>
    /// <param name="isVerbose">Whether its hash is told too.</param>
    public static string Describe(EGoatTransfer transfer, bool isVerbose = false)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        bool isReceived = transfer.Direction == EGoatDirection.Received;
        string way = $"{VisibleText.Line(transfer.Name)} {(isReceived ? "from" : "to")} {VisibleText.Line(transfer.Peer)}";
        if (transfer.State != EGoatTransferState.Completed)
        {
            string reason = transfer.Error is { Length: > 0 } error ? $". {VisibleText.Line(error)}" : ".";
            return $"{way}: {State(transfer.State)}{reason}";
        }

        TimeSpan time = (transfer.Finished ?? transfer.Started) - transfer.Started;
        string resumed = transfer.BytesResumed > 0 ? $" ({DisplayText.Bytes(transfer.BytesResumed)} were there)" : "";
        string rate = transfer.Rate > 0 ? $", {DisplayText.Bytes(transfer.Rate)}/s" : "";
        string hash = isVerbose && transfer.TreeHash is { } value ? $", {value}" : "";
        string warning = transfer.Warning is { } text ? $" ({VisibleText.Line(text)})" : "";
        string path = isReceived && transfer.Path.Length > 0 ? $" -> {VisibleText.Line(transfer.Path)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{way}: {DisplayText.Bytes(transfer.Length)}{resumed}, {DisplayText.Duration(time)}{rate}{hash}{path}{warning}");
    }

    /// <summary>A state, in a sentence.</summary>
    public static string State(EGoatTransferState state) => state switch
    {
        EGoatTransferState.Offered => "offered",
        EGoatTransferState.Active => "running",
        EGoatTransferState.Paused => "paused",
        EGoatTransferState.Completed => "done",
        EGoatTransferState.Rejected => "rejected",
        EGoatTransferState.Cancelled => "cancelled",
        _ => "failed",
    };
}
