using EGoat.Mesh;

namespace EGoat.Terminal;

/// <summary>How somebody chats.</summary>
public sealed record ChatSessionOptions
{
    /// <summary>What files are received when each offer is asked about; null leaves the room's own rule.</summary>
    public ReceiveOptions? Ask { get; init; }

    /// <summary>The longest time without a sign of life of a receiver (<see cref="SendFileOptions.Timeout"/>); null for none in particular.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Messages of the room that are shown at the beginning. Default 20.</summary>
    public int RecentMessages { get; init; } = ChatCommands.RecentMessages;

    /// <summary>How long an own message waits on the screen for its tick before it is shown without. Default 2 seconds.</summary>
    public TimeSpan TickTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
