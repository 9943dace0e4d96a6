namespace EGoat.Mesh.Protocol;

/// <summary>A message of the control channel (docs/protocol.md §3).</summary>
internal abstract record ControlMessage
{
    /// <summary>The version of the peer protocol that this code speaks.</summary>
    public const int Version = 1;

    /// <summary>The longest control message in bytes of UTF-8.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The longest chat text in bytes of UTF-8.</summary>
    public const int MaxTextBytes = 32 * 1024;

    /// <summary>The longest name, reason or instance in characters; longer ones are cut (names, reasons) or refused (instance).</summary>
    public const int MaxNameLength = 256;

    /// <summary>The feature of a peer that takes file frames of up to 64 KiB.</summary>
    public const string Frame64KFeature = "frame64k";

    /// <summary>The feature of a peer that reads folders in manifests.</summary>
    public const string FoldersFeature = "folders";

    /// <summary>The feature of a peer that transfers can be paused with.</summary>
    public const string PauseFeature = "pause";

    /// <summary>The feature of a peer that reads ranges of indices in <c>accept</c>.</summary>
    public const string RangesFeature = "ranges";

    /// <summary>The feature of a peer that reads SKIP, and reasons in STORED.</summary>
    public const string OutcomesFeature = "outcomes";

    /// <summary>The feature of a peer that reads ALIVE, and sends it while it is at work or waits for something of its own.</summary>
    public const string AliveFeature = "alive";

    /// <summary>What this code can do.</summary>
    public static readonly IReadOnlyList<string> AllFeatures = [Frame64KFeature, FoldersFeature, PauseFeature, RangesFeature, OutcomesFeature, AliveFeature];
}

/// <summary>Who the peer is and what it can do; the first message from both sides, and again when something changes.</summary>
internal sealed record HelloMessage(int V, string Name, string Instance, bool Accepts, IReadOnlyList<string> Features) : ControlMessage
{
    /// <summary>The most features that are read.</summary>
    public const int MaxFeatures = 64;

    public bool Equals(HelloMessage? other) => other is not null && V == other.V && Name == other.Name
        && Instance == other.Instance && Accepts == other.Accepts && Features.SequenceEqual(other.Features);

    public override int GetHashCode() => HashCode.Combine(V, Name, Instance, Accepts, Features.Count);
}

/// <summary>A chat text; <paramref name="At"/> is the sender's time in milliseconds since 1970.</summary>
internal sealed record TextMessage(string Id, long At, string Text, bool Private) : ControlMessage;

/// <summary>A text was committed to the receiver's store.</summary>
internal sealed record ReceiptMessage(string Id) : ControlMessage;

/// <summary>The peer is typing.</summary>
internal sealed record TypingMessage : ControlMessage;

/// <summary>Files are offered; <paramref name="Total"/> is -1 when a length is unknown.</summary>
internal sealed record TransferMessage(string Id, int Count, long Total, string Name) : ControlMessage;

/// <summary>An offer is taken: all of it (<paramref name="Files"/> is null), or the listed indices.</summary>
internal sealed record AcceptMessage(string Id, IReadOnlyList<int>? Files, bool Have) : ControlMessage
{
    /// <summary>The longest list that is written without ranges.</summary>
    public const int MaxPlainIndices = 1000;

    /// <summary>The most numbers and ranges that fit into a message for certain.</summary>
    public const int MaxItems = 4000;

    /// <summary>How many numbers and ranges a list of rising indices becomes.</summary>
    public static int CountItems(IReadOnlyList<int> files) =>
        files.Count <= MaxPlainIndices ? files.Count : files.Where((index, i) => i == 0 || files[i - 1] + 1 != index).Count();

    public bool Equals(AcceptMessage? other) => other is not null && Id == other.Id && Have == other.Have
        && (Files is null ? other.Files is null : other.Files is not null && Files.SequenceEqual(other.Files));

    public override int GetHashCode() => HashCode.Combine(Id, Have, Files?.Count);
}

/// <summary>An offer is not wanted.</summary>
internal sealed record RejectMessage(string Id, string Reason) : ControlMessage;

/// <summary>Either side gives a transfer up.</summary>
internal sealed record CancelMessage(string Id, string Reason) : ControlMessage;

/// <summary>No more content until <see cref="ResumeMessage"/>.</summary>
internal sealed record PauseMessage(string Id) : ControlMessage;

/// <summary>Ends a pause.</summary>
internal sealed record ResumeMessage(string Id) : ControlMessage;

/// <summary>Everything accepted is in place at the receiver.</summary>
internal sealed record DoneMessage(string Id, int Files, long Bytes) : ControlMessage;

/// <summary>The peer leaves on purpose; the reason is empty unless it refuses to talk.</summary>
internal sealed record ByeMessage(string Reason) : ControlMessage;

/// <summary>A message of a type that this version does not know; ignored.</summary>
internal sealed record UnknownMessage(string Type) : ControlMessage;
