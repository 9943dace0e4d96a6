using System.Diagnostics;

namespace EGoat.WebRtc.Sockets;

/// <summary>The time that engines are given: monotonic, from an arbitrary origin.</summary>
internal static class MonotonicClock
{
    private static readonly long Origin = Stopwatch.GetTimestamp();

    public static TimeSpan Now => Stopwatch.GetElapsedTime(Origin);
}
