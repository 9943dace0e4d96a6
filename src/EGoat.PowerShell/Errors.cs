using System.Management.Automation;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Web;

namespace EGoat.PowerShell;

/// <summary>What went wrong, as PowerShell tells of it.</summary>
internal static class Errors
{
    /// <summary>The error for what is known to go wrong; null for anything else.</summary>
    public static ErrorRecord? From(Exception e, object? target) => e switch
    {
        RoomException => new ErrorRecord(e, "RoomError", ErrorCategory.ConnectionError, target),
        NodeException => new ErrorRecord(e, "InstallationError", ErrorCategory.ResourceUnavailable, target),
        SignalingServerException => new ErrorRecord(e, "SignalingServerError", ErrorCategory.ResourceUnavailable, target),
        History.HistoryException => new ErrorRecord(e, "HistoryError", ErrorCategory.ResourceUnavailable, target),
        TimeoutException => new ErrorRecord(e, "Timeout", ErrorCategory.OperationTimeout, target),
        ArgumentException => new ErrorRecord(e, "InvalidArgument", ErrorCategory.InvalidArgument, target),
        FileNotFoundException => new ErrorRecord(e, "FileNotFound", ErrorCategory.ObjectNotFound, target),
        _ => null,
    };

    /// <summary>
    /// The error for a transfer that has ended; null when nothing is wrong: it was delivered, or this side's own rules refused it.
    /// </summary>
    public static ErrorRecord? From(EGoatTransfer transfer) => transfer.State switch
    {
        EGoatTransferState.Failed => Create(transfer, "TransferFailed", ErrorCategory.ConnectionError),
        EGoatTransferState.Cancelled => Create(transfer, "TransferCancelled", ErrorCategory.OperationStopped),
        EGoatTransferState.Rejected when transfer.Direction == EGoatDirection.Sent => Create(transfer, "TransferRejected", ErrorCategory.PermissionDenied),
        _ => null,
    };

    /// <summary>The error for a recipient that has not confirmed a message.</summary>
    public static ErrorRecord MessageNotConfirmed(EGoatDelivery delivery)
    {
        string who = delivery.Peer.Length > 0 ? delivery.Peer : "A member that never said its name";
        string then = delivery.State == EGoatDeliveryState.Waiting ? " It is sent again when they are met in the room again." : "";
        return new(new TimeoutException(VisibleText.Line($"{who} has not confirmed the message. {delivery.Reason}{then}")), "MessageNotConfirmed", ErrorCategory.OperationTimeout, delivery);
    }

    /// <summary>The error for a path that names no file: a variable, a function.</summary>
    public static ErrorRecord NotInFileSystem(string path) =>
        new(new ArgumentException($"'{path}' is not in the file system."), "NotInFileSystem", ErrorCategory.InvalidArgument, path);

    /// <summary>The error for a file that is not there.</summary>
    public static ErrorRecord FileNotFound(Exception e, string path) => new(e, "FileNotFound", ErrorCategory.ObjectNotFound, path);

    private static ErrorRecord Create(EGoatTransfer transfer, string errorId, ErrorCategory category)
    {
        string way = transfer.Direction == EGoatDirection.Sent ? "sent to" : "received from";
        string message = VisibleText.Line($"The file '{transfer.Name}' was not {way} {transfer.Peer}: {transfer.Error ?? "It has ended early."}");
        return new ErrorRecord(new EGoatTransferException(message, transfer), errorId, category, transfer);
    }
}
