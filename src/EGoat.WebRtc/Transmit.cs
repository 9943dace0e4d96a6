namespace EGoat.WebRtc;

/// <summary>
/// What a poll wrote into the caller's buffer: one datagram, or several for the same path behind one another, all of
/// <see cref="SegmentSize"/> bytes except the last, which may be shorter.
/// </summary>
/// <param name="Local">The local address (host base) to send from.</param>
/// <param name="Remote">Where to send to.</param>
/// <param name="Length">How many bytes were written in all.</param>
/// <param name="SegmentSize">The size of each datagram but the last; equal to <paramref name="Length"/> for a single one.</param>
/// <param name="MayFragment">
/// Whether IP may cut it: a single datagram, made when the path carried longer ones (RFC 9260 section 6.9). All others go whole or not
/// at all, which path MTU discovery needs (RFC 8899 section 3).
/// </param>
public readonly record struct Transmit(TransportAddress Local, TransportAddress Remote, int Length, int SegmentSize, bool MayFragment = false)
{
    /// <summary>The most datagrams that one <see cref="Transmit"/> may hold: the kernel's limit for UDP segmentation offload.</summary>
    public const int MaxSegments = 64;
}
