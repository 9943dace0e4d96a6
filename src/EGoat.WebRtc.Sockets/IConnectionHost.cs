namespace EGoat.WebRtc.Sockets;

/// <summary>What an <see cref="RtcConnection"/> needs of the host that it runs on. Thread-safe.</summary>
internal interface IConnectionHost
{
    /// <summary>The time that engines are given: monotonic, from an arbitrary origin.</summary>
    TimeSpan Now { get; }

    /// <summary>What connections build datagrams in.</summary>
    SendBuffers SendBuffers { get; }

    /// <summary>Checks for a ufrag are for this connection; those for an outdated one of it are not any more.</summary>
    void Register(string ufrag, string? outdated, RtcConnection connection);

    /// <summary>The connection has ended: nothing is handed to it any more.</summary>
    void Remove(RtcConnection connection);

    /// <summary>A connection's <see cref="ITimed.NextTimeout"/> is now this.</summary>
    void Schedule(TimeSpan at);

    /// <summary>Sends the datagrams at the beginning of a buffer for a connection.</summary>
    void Send(RtcConnection sender, in Transmit transmit, ReadOnlySpan<byte> buffer);
}
