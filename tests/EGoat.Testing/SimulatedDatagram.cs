using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A datagram on its way, as a <see cref="SimulatedNetwork.Filter"/> sees it; it may change the bytes.</summary>
/// <param name="Now">When it was sent.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The receiver.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="MayFragment">Whether it gets through a path that carries less, in pieces (<see cref="Transmit.MayFragment"/>).</param>
public sealed record SimulatedDatagram(TimeSpan Now, TransportAddress From, TransportAddress To, byte[] Bytes, bool MayFragment);
