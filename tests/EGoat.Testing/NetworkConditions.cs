namespace EGoat.Testing;

/// <summary>How a simulated path treats datagrams, each direction for itself.</summary>
public sealed record NetworkConditions
{
    /// <summary>A perfect link of 1 ms.</summary>
    public static readonly NetworkConditions Perfect = new();

    /// <summary>20 % loss, 30 % reordering, 10 % duplication over a 20 ms path.</summary>
    public static readonly NetworkConditions Terrible = new()
    {
        Latency = TimeSpan.FromMilliseconds(10),
        Jitter = TimeSpan.FromMilliseconds(2),
        Loss = 0.20,
        Reordering = 0.30,
        Duplication = 0.10,
    };

    /// <summary>Time from one end to the other.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Up to this much is added to the latency, uniformly; it does not reorder by itself.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Probability that a datagram vanishes.</summary>
    public double Loss { get; init; }

    /// <summary>Probability that a datagram is held back so that later ones overtake it.</summary>
    public double Reordering { get; init; }

    /// <summary>Probability that a datagram arrives twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Bytes a second that the bottleneck carries; null is unlimited.</summary>
    public double? RateBytesPerSecond { get; init; }

    /// <summary>Bytes that wait in front of the bottleneck; what does not fit is dropped.</summary>
    public int QueueBytes { get; init; } = int.MaxValue;
}
