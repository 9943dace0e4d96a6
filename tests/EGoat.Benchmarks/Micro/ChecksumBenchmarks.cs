using BenchmarkDotNet.Attributes;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.Benchmarks.Micro;

/// <summary>The CRC32c of an SCTP packet, beside copying it.</summary>
public class ChecksumBenchmarks
{
    private readonly byte[] _packet = new byte[20_000];
    private readonly byte[] _copy = new byte[20_000];

    [Params(1160, 16_000)]
    public int PacketBytes { get; set; }

    [GlobalSetup]
    public void SetUp() => new Random(1).NextBytes(_packet);

    [Benchmark(Baseline = true)]
    public void Copy() => _packet.AsSpan(0, PacketBytes).CopyTo(_copy);

    [Benchmark]
    public uint Crc32c() => SctpPacket.ComputeChecksum(_packet.AsSpan(0, PacketBytes));
}
