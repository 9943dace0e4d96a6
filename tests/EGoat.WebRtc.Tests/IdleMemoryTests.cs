using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.Tests;

/// <summary>Alone, since the objects of other tests would be counted.</summary>
[CollectionDefinition(nameof(IdleMemoryTests), DisableParallelization = true)]
[Collection(nameof(IdleMemoryTests))]
public sealed class IdleMemoryTests
{
    /// <summary>Half of the 80 KiB that an idle end may cost in all: with its shell and native memory the benchmark <c>idle</c> measures it.</summary>
    private const int MaxBytesPerEnd = 40 * 1024;

    [Fact]
    public void An_idle_end_keeps_at_most_40_KiB_of_objects()
    {
        var kept = new List<PeerConnection>();
        Connect(kept, 10);
        long before = LiveBytes();
        const int pairs = 100;
        Connect(kept, pairs);
        long perEnd = (LiveBytes() - before) / (2 * pairs);
        Assert.InRange(perEnd, 1, MaxBytesPerEnd);
        GC.KeepAlive(kept);
    }

    private static long LiveBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    // A message each way and a minute of silence, so that nothing is left to be made later, and nothing to be done with.
    private static void Connect(List<PeerConnection> kept, int count)
    {
        for (int i = 0; i < count; i++)
        {
            var network = new SimulatedNetwork(i);
            (SimulatedPeer A, SimulatedPeer Z) = SimulatedPeer.CreatePair(network, i, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
            DataChannel a = A.Connection.CreateDataChannel(network.Now, "idle");
            Assert.True(network.Run(() => Z.Incoming.Count == 1, TimeSpan.FromSeconds(10)), network.Describe());
            DataChannel z = Z.Incoming[0];
            a.Send(network.Now, new byte[1000], false);
            z.Send(network.Now, new byte[1000], false);
            network.Run(TimeSpan.FromMinutes(1));
            foreach (DataChannel channel in (DataChannel[])[a, z])
            {
                Assert.True(channel.TryReceive(out DataChannelMessage message));
                message.Return();
            }

            kept.Add(A.Connection);
            kept.Add(Z.Connection);
        }
    }
}
