using System.Management.Automation;
using System.Security.Authentication;
using EGoat.Mesh;
using EGoat.Node;
using EGoat.Signaling;
using EGoat.Web;

namespace EGoat.PowerShell;

/// <summary>What went wrong, as PowerShell tells of it. about_EGoat_Errors lists the ids.</summary>
internal static class Errors
{
    /// <summary>The error for what is known to go wrong; null for anything else.</summary>
    public static ErrorRecord? From(Exception e, object? target) => e switch
    {
        RoomException { InnerException: SignalingException signaling } => From(signaling, target),
        RoomException { InnerException: IOException or UnauthorizedAccessException } => Create(e, "FileUnreadable", ErrorCategory.ReadError, target),
        RoomException => Create(e, "RoomError", ErrorCategory.InvalidOperation, target),
        ObjectDisposedException => Create(new InvalidOperationException("The room was left.", e), "RoomLeft", ErrorCategory.InvalidOperation, target),
        NodeException => Create(e, "InstallationError", ErrorCategory.ResourceUnavailable, target),
        SignalingServerException => Create(e, "SignalingServerError", ErrorCategory.ResourceUnavailable, target),
        History.HistoryException => Create(e, "HistoryError", ErrorCategory.ResourceUnavailable, target),
        TimeoutException => Create(e, "Timeout", ErrorCategory.OperationTimeout, target),
        ArgumentException => Create(e, "InvalidArgument", ErrorCategory.InvalidArgument, target),
        FileNotFoundException => Create(e, "FileNotFound", ErrorCategory.ObjectNotFound, target),
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

    /// <summary>The error for a room with nobody in it to send to.</summary>
    public static ErrorRecord NobodyThere(Room room, bool acceptingFiles)
    {
        string message = acceptingFiles
            ? $"Nobody in the room '{room.Name}' accepts files. Wait for somebody with Wait-EGoatPeer -AcceptingFiles, or allow it with -AllowNoReceiver."
            : $"Nobody else is in the room '{room.Name}'; the message was not sent. Wait for somebody with Wait-EGoatPeer, or allow it with -AllowNoReceiver.";
        return new(new ItemNotFoundException(message), "NoReceiver", ErrorCategory.ObjectNotFound, room);
    }

    /// <summary>The error for somebody who is named and not there.</summary>
    public static ErrorRecord NobodyNamed(Room room, string name, bool acceptingFiles) => new(
        new ItemNotFoundException(VisibleText.Line(
            acceptingFiles && room.Peers.Any(new NamePattern(name).IsPeer)
                ? $"'{name}' is in the room '{room.Name}' and accepts no files."
                : $"Nobody in the room '{room.Name}' is '{name}'. Get-EGoatPeer lists who is there.")),
        "NoReceiver", ErrorCategory.ObjectNotFound, name);

    /// <summary>The error for a room that is named and not joined.</summary>
    public static ErrorRecord RoomNotJoined(string name) =>
        new(new ItemNotFoundException($"The room '{name}' is not joined. Join it with: Join-EGoatRoom {name} -Server URL -Background"), "RoomNotJoined", ErrorCategory.ObjectNotFound, name);

    /// <summary>The error for a path that names no file: a variable, a function.</summary>
    public static ErrorRecord NotInFileSystem(string path) =>
        new(new ArgumentException($"'{path}' is not in the file system."), "NotInFileSystem", ErrorCategory.InvalidArgument, path);

    /// <summary>The error for a file that is not there.</summary>
    public static ErrorRecord FileNotFound(string path) => new(new ItemNotFoundException($"Cannot find the file '{path}'."), "FileNotFound", ErrorCategory.ObjectNotFound, path);

    /// <summary>The error for a pattern of files that matches none.</summary>
    public static ErrorRecord NothingMatches(string path) =>
        new(new ItemNotFoundException($"No file matches '{path}'. A name with [, ], * or ? in it is taken as it stands by -LiteralPath."), "FileNotFound", ErrorCategory.ObjectNotFound, path);

    /// <summary>The error for a folder that is sent without -Recurse.</summary>
    public static ErrorRecord FolderNotRecursed(string path) =>
        new(new InvalidOperationException($"'{path}' is a folder; it is sent with everything in it by -Recurse."), "FolderNotRecursed", ErrorCategory.InvalidArgument, path);

    /// <summary>The error for an object that a command cannot use.</summary>
    public static ErrorRecord NotUsable(string message, object item) => new(new ArgumentException(message), "InvalidInput", ErrorCategory.InvalidArgument, item);

    private static ErrorRecord From(SignalingException e, object? target)
    {
        if (e.Data.Contains("code"))
        {
            return Create(e, "ServerRefused", ErrorCategory.PermissionDenied, target);
        }

        return e.InnerException?.InnerException is AuthenticationException || e.InnerException is AuthenticationException
            ? Create(e, "ServerNotTrusted", ErrorCategory.SecurityError, target)
            : Create(e, "ServerUnreachable", ErrorCategory.ConnectionError, target);
    }

    private static ErrorRecord Create(Exception e, string errorId, ErrorCategory category, object? target)
    {
        string message = Remedy.InPowerShell(e.Message);
        Exception told = message == e.Message ? e : e switch
        {
            RoomException => new RoomException(message, e),
            SignalingException => new SignalingException(message, e),
            NodeException => new NodeException(message, e),
            SignalingServerException => new SignalingServerException(message, e),
            History.HistoryException => new History.HistoryException(message, e),
            _ => new InvalidOperationException(message, e),
        };
        return new ErrorRecord(told, errorId, category, target);
    }

    private static ErrorRecord Create(EGoatTransfer transfer, string errorId, ErrorCategory category)
    {
        string way = transfer.Direction == EGoatDirection.Sent ? "sent to" : "received from";
        string message = VisibleText.Line($"The file '{transfer.Name}' was not {way} {transfer.Peer}: {Remedy.InPowerShell(transfer.Error ?? "It has ended early.")}");
        return new ErrorRecord(new EGoatTransferException(message, transfer), errorId, category, transfer);
    }
}
