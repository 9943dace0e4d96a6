namespace EGoat.WebRtc.Sockets;

/// <summary>What a <see cref="ConnectionTimer"/> wakes.</summary>
internal interface ITimed
{
    /// <summary>When, on the <see cref="MonotonicClock"/>.</summary>
    TimeSpan NextTimeout { get; }

    /// <summary>Its time has come, or came a little while ago.</summary>
    void HandleTimeout();
}
