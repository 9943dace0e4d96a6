using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A sans-IO part that lives on a <see cref="SimulatedNetwork"/>.</summary>
public interface ISimulatedNode
{
    /// <summary>When it wants <see cref="HandleTimeout"/>, or has something to send.</summary>
    TimeSpan? NextTimeout { get; }

    void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram);

    void HandleTimeout(TimeSpan now);

    bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit);
}
