using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>The four flights of a handshake, lost, repeated, out of order and cut into pieces of any size.</summary>
public sealed class HandshakeLossTests
{
    public static TheoryData<int, int> FlightsAndLosses()
    {
        var data = new TheoryData<int, int>();
        for (int flight = 1; flight <= 4; flight++)
        {
            data.Add(flight, 1);
            data.Add(flight, 2);
            data.Add(flight, 5);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(FlightsAndLosses))]
    public void Each_flight_may_be_lost_once_and_repeatedly(int flight, int times)
    {
        // A -> flights 1 and 3 -> Z, A <- flights 2 and 4 <- Z; each is one datagram here.
        var network = new SimulatedNetwork(flight);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize: 4000);
        int lost = 0;
        network.Filter = datagram => FlightOf(datagram) != flight || lost++ >= times;
        DtlsPeer.Connect(network, A, Z);
        Assert.True(lost >= times, network.Describe());
        AssertQuiet(network, A, Z);
    }

    [Fact]
    public void The_pauses_double_and_begin_anew_with_each_flight()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize: 4000);
        var times = new List<(int Flight, double Seconds)>();
        network.Filter = datagram =>
        {
            times.Add((FlightOf(datagram), Math.Round((datagram.Now - TimeSpan.FromSeconds(1)).TotalSeconds, 2)));
            return times.Count(t => t.Flight == times[^1].Flight) == (FlightOf(datagram) is 1 or 3 ? 3 : 1);
        };
        DtlsPeer.Connect(network, A, Z);
        Assert.Equal([0, 0.25, 0.75], times.Where(t => t.Flight == 1).Select(t => t.Seconds));
        Assert.Equal([0.75, 1, 1.5], times.Where(t => t.Flight == 3).Select(t => t.Seconds));
    }

    [Fact]
    public void Each_datagram_of_the_handshake_may_come_twice()
    {
        for (int copied = 0; copied < 30; copied++)
        {
            var network = new SimulatedNetwork(copied);
            (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize: 200, seed: copied);
            int index = 0;
            network.Filter = datagram =>
            {
                network.Conditions = NetworkConditions.Perfect with { Duplication = index++ == copied ? 1 : 0 };
                return true;
            };
            DtlsPeer.Connect(network, A, Z);
            AssertQuiet(network, A, Z);
        }
    }

    [Fact]
    public void All_datagrams_may_come_twice_and_in_any_order()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Duplication = 1, Reordering = 0.5 });
            (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, 100 + (seed * 26), seed);
            DtlsPeer.Connect(network, A, Z);
            Assert.True(network.Now < TimeSpan.FromSeconds(5), network.Describe());
            AssertQuiet(network, A, Z);
        }
    }

    [Fact]
    public void Fragments_of_any_datagram_size_from_100_to_1400_bytes_connect()
    {
        for (int size = 100; size <= 1400; size += 13)
        {
            var network = new SimulatedNetwork(size);
            int largest = 0;
            network.Filter = datagram =>
            {
                largest = Math.Max(largest, datagram.Bytes.Length);
                return true;
            };
            var A = new DtlsPeer(network, true, DtlsRole.Client, null, size, size);
            var Z = new DtlsPeer(network, false, DtlsRole.Server, null, 1500 - size, size);
            DtlsPeer.Connect(network, A, Z);
            Assert.InRange(largest, 100, 1400);
        }
    }

    [Theory]
    [InlineData(60)]
    [InlineData(150)]
    [InlineData(400)]
    [InlineData(2000)]
    public void A_path_that_is_slower_than_the_timer_comes_to_rest(int latencyMilliseconds)
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { Latency = TimeSpan.FromMilliseconds(latencyMilliseconds) });
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        network.Run(TimeSpan.FromSeconds(20));
        AssertQuiet(network, A, Z);
    }

    [Fact]
    public void A_peer_that_repeats_itself_without_end_is_answered_at_most_ten_times_a_second()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        byte[] hello = [];
        network.Filter = datagram =>
        {
            hello = FlightOf(datagram) == 1 ? datagram.Bytes.ToArray() : hello;
            return FlightOf(datagram) == 1;
        };
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        long before = network.Count.Sent;
        for (int i = 0; i < 1000; i++)
        {
            Z.HandleDatagram(network.Now, default, default, hello.ToArray());
            network.Run(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(network.Count.Sent - before, 10, 20);
    }

    // Its direction and its first message tell.
    private static int FlightOf(SimulatedDatagram datagram)
    {
        bool isOfServer = datagram.From.ToString().Contains("192.0.2.2", StringComparison.Ordinal);
        bool isHello = datagram.Bytes[RecordHeader.EncodedLength] is (byte)HandshakeType.ClientHello or (byte)HandshakeType.ServerHello
            && datagram.Bytes[0] == (byte)ContentType.Handshake;
        return (isHello ? 1 : 3) + (isOfServer ? 1 : 0);
    }

    // Nobody sends anything any more, and data flows.
    private static void AssertQuiet(SimulatedNetwork network, DtlsPeer A, DtlsPeer Z)
    {
        network.Run(TimeSpan.FromSeconds(10));
        long before = network.Count.Sent;
        network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(before, network.Count.Sent);
        A.Send([1]);
        Z.Send([2]);
        network.Run(TimeSpan.FromSeconds(5));
        Assert.Equal([1], Assert.Single(Z.Received));
        Assert.Equal([2], Assert.Single(A.Received));
        Assert.Equal(DtlsEventKind.Connected, Assert.Single(A.Events).Kind);
        Assert.Equal(DtlsEventKind.Connected, Assert.Single(Z.Events).Kind);
    }
}
