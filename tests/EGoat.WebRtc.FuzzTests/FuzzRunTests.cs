using EGoat.WebRtc.FuzzTests.Support;

namespace EGoat.WebRtc.FuzzTests;

public sealed class FuzzRunTests
{
    [Fact]
    public void The_normal_run_feeds_at_least_200_000_packets_and_the_long_one_ten_million()
    {
        Assert.True(PacketShare.Total >= 200_000);
        Assert.True(FuzzRun.Packets(PacketShare.Total) >= (FuzzRun.IsLong ? 10_000_000 : 200_000));
    }
}
