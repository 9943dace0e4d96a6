namespace EGoat;

/// <summary>A signaling server that this process runs. Thread-safe; properties are snapshots.</summary>
public abstract class EGoatSignaling
{
    /// <summary>What peers join; with <c>#cert=</c> when it is https.</summary>
    public abstract Uri Url { get; }

    /// <summary>The page with its secret token, for this machine's user alone.</summary>
    public abstract string Page { get; }

    /// <summary>How many rooms have members.</summary>
    public abstract int Rooms { get; }

    /// <summary>How many members they have in all.</summary>
    public abstract int Peers { get; }

    /// <summary>Whether it runs.</summary>
    public abstract bool IsRunning { get; }

    /// <summary>The URL.</summary>
    public override string ToString() => Url.ToString();
}
