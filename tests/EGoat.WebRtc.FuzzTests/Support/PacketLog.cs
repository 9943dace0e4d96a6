using System.Text;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>What a failed test prints: how to repeat it, the virtual time, and the last packets.</summary>
internal sealed class PacketLog(string repetition)
{
    private const int MaxPackets = 12;
    private const int MaxBytes = 160;

    private readonly Queue<(TimeSpan At, string Direction, byte[] Bytes)> _packets = new();

    public TimeSpan Now { get; set; }

    public void Add(string direction, ReadOnlySpan<byte> packet)
    {
        if (_packets.Count == MaxPackets)
        {
            _packets.Dequeue();
        }

        _packets.Enqueue((Now, direction, packet.ToArray()));
    }

    /// <summary>Fails the test with everything that is known.</summary>
    public Exception Failure(string what) => new Xunit.Sdk.XunitException($"{what}\n{this}");

    public override string ToString()
    {
        var text = new StringBuilder($"{repetition}, EGOAT_SEED={FuzzRun.Seed}, {Now.TotalSeconds:F3} s; the last packets:\n");
        foreach ((TimeSpan at, string direction, byte[] bytes) in _packets)
        {
            string hex = Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, MaxBytes)));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{at.TotalMilliseconds,10:F1} ms {direction} {bytes.Length} bytes {hex}\n");
        }

        return text.ToString();
    }
}
