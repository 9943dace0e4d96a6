using EGoat.WebRtc;

namespace EGoat.Testing;

/// <summary>A request that a <see cref="SimulatedTurnServer"/> has answered.</summary>
/// <param name="At">When it came.</param>
/// <param name="Client">Who sent it.</param>
/// <param name="Method">Its method: Binding, Allocate, Refresh, CreatePermission or ChannelBind.</param>
/// <param name="ErrorCode">The error that answered it, or 0 for success.</param>
public sealed record SimulatedTurnRequest(TimeSpan At, TransportAddress Client, string Method, int ErrorCode)
{
    public override string ToString() => $"{Method} {ErrorCode}";
}
