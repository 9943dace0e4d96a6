using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A datagram on its way, as a <see cref="SimulatedNetwork.Filter"/> sees it; it may change the bytes.</summary>
public sealed record SimulatedDatagram(TimeSpan Now, TransportAddress From, TransportAddress To, byte[] Bytes);
