namespace EGoat.WebRtc.Sctp.Tx;

/// <summary>What a SACK told.</summary>
/// <param name="IsValid">False for one that is old or speaks of TSNs that were never sent; it changed nothing.</param>
/// <param name="HasAdvanced">The cumulative TSN has grown.</param>
/// <param name="AcknowledgedBytes">Payload bytes acknowledged for the first time.</param>
/// <param name="RoundTrip">A round trip, where a chunk that was sent once was acknowledged (Karn's rule).</param>
/// <param name="LostBytes">Payload bytes that count as lost now.</param>
internal readonly record struct SackResult(bool IsValid, bool HasAdvanced, int AcknowledgedBytes, TimeSpan? RoundTrip, long LostBytes);
