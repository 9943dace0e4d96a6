namespace EGoat.WebRtc.Sctp.Rx;

/// <summary>A stream whose messages up to a number were given up, as FORWARD-TSN or I-FORWARD-TSN tells it.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="IsUnordered">Whether its unordered messages are meant (I-FORWARD-TSN).</param>
/// <param name="MessageNumber">The SSN or the MID of the last one.</param>
/// <param name="IsInterleaved">Whether that is a MID.</param>
internal readonly record struct SkippedStream(ushort StreamId, bool IsUnordered, uint MessageNumber, bool IsInterleaved);
