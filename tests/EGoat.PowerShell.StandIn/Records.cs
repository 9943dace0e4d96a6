namespace System.Management.Automation;

/// <summary>Stand-in: a present or absent switch.</summary>
public readonly struct SwitchParameter(bool isPresent) : IEquatable<SwitchParameter>
{
    public bool IsPresent { get; } = isPresent;

    public static SwitchParameter Present => new(true);

    public static implicit operator bool(SwitchParameter value) => value.IsPresent;

    public static implicit operator SwitchParameter(bool value) => new(value);

    public static bool operator ==(SwitchParameter left, SwitchParameter right) => left.Equals(right);

    public static bool operator !=(SwitchParameter left, SwitchParameter right) => !left.Equals(right);

    public bool ToBool() => IsPresent;

    public bool Equals(SwitchParameter other) => IsPresent == other.IsPresent;

    public override bool Equals(object? obj) => obj is SwitchParameter other && Equals(other);

    public override int GetHashCode() => IsPresent.GetHashCode();
}

public enum ErrorCategory
{
    NotSpecified = 0,
    OpenError = 1,
    CloseError = 2,
    DeviceError = 3,
    DeadlockDetected = 4,
    InvalidArgument = 5,
    InvalidData = 6,
    InvalidOperation = 7,
    InvalidResult = 8,
    InvalidType = 9,
    MetadataError = 10,
    NotImplemented = 11,
    NotInstalled = 12,
    ObjectNotFound = 13,
    OperationStopped = 14,
    OperationTimeout = 15,
    SyntaxError = 16,
    ParserError = 17,
    PermissionDenied = 18,
    ResourceBusy = 19,
    ResourceExists = 20,
    ResourceUnavailable = 21,
    ReadError = 22,
    WriteError = 23,
    FromStdErr = 24,
    SecurityError = 25,
    ProtocolError = 26,
    ConnectionError = 27,
    AuthenticationError = 28,
    LimitsExceeded = 29,
    QuotaExceeded = 30,
    NotEnabled = 31,
}

/// <summary>Stand-in: an error with its category and the object it is about.</summary>
public class ErrorRecord(Exception exception, string errorId, ErrorCategory errorCategory, object? targetObject)
{
    public Exception Exception { get; } = exception;

    public string FullyQualifiedErrorId { get; } = errorId;

    public ErrorCategoryInfo CategoryInfo { get; } = new(errorCategory);

    public object? TargetObject { get; } = targetObject;

    public ErrorDetails? ErrorDetails { get; set; }

    public override string ToString() => ErrorDetails?.Message ?? Exception.Message;
}

public class ErrorCategoryInfo
{
    internal ErrorCategoryInfo(ErrorCategory category) => Category = category;

    public ErrorCategory Category { get; }
}

public class ErrorDetails(string message)
{
    public string Message { get; } = message;

    public string? RecommendedAction { get; set; }
}

/// <summary>Stand-in: a warning.</summary>
public class WarningRecord(string message)
{
    public string Message { get; } = message;

    public override string ToString() => Message;
}

public enum ProgressRecordType
{
    Processing,
    Completed,
}

/// <summary>Stand-in: the state of an activity.</summary>
public class ProgressRecord(int activityId, string activity, string statusDescription)
{
    public int ActivityId { get; } = activityId;

    public string Activity { get; set; } = activity;

    public string StatusDescription { get; set; } = statusDescription;

    public string? CurrentOperation { get; set; }

    public int ParentActivityId { get; set; } = -1;

    public int PercentComplete { get; set; } = -1;

    public int SecondsRemaining { get; set; } = -1;

    public ProgressRecordType RecordType { get; set; }
}

public class RuntimeException : SystemException
{
    public RuntimeException()
    {
    }

    public RuntimeException(string message)
        : base(message)
    {
    }

    public RuntimeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Stand-in: the pipeline is being stopped; a cmdlet that sees it must get out of the way.</summary>
public class PipelineStoppedException : RuntimeException
{
    public PipelineStoppedException()
        : base("The pipeline has been stopped.")
    {
    }
}

public class ItemNotFoundException : RuntimeException
{
    public ItemNotFoundException()
    {
    }

    public ItemNotFoundException(string message)
        : base(message)
    {
    }
}
