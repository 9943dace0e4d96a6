using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>What overtakes the messages that it needs waits for them: no order of datagrams costs a timer.</summary>
public sealed class ReorderingTests
{
    /// <summary>Far below the 250 ms after which a flight is repeated.</summary>
    private static readonly TimeSpan NoTimer = TimeSpan.FromMilliseconds(50);

    private readonly SimulatedNetwork _network = new(1);
    private readonly DtlsPeer _a;
    private readonly DtlsPeer _z;

    public ReorderingTests() => (_a, _z) = DtlsPeer.CreatePair(_network);

    [Theory]
    [InlineData(100)]
    [InlineData(150)]
    [InlineData(400)]
    [InlineData(1400)]
    public void The_datagrams_of_all_flights_and_the_first_data_may_come_in_any_order(int maxDatagramSize)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Reordering = 0.8 });
            (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize, seed);
            A.Connection.Start(network.Now);
            Z.Connection.Start(network.Now);
            bool hasSent = false;
            bool isDone = network.Run(
                () =>
                {
                    if (Z.Connection.IsConnected && !hasSent)
                    {
                        // Z has just queued its Finished: some of this overtakes it.
                        hasSent = true;
                        Z.Send([1]);
                        Z.Send([2]);
                    }

                    return A.Received.Count == 2;
                },
                NoTimer);
            Assert.True(isDone, network.Describe());
        }
    }

    [Fact]
    public void A_Finished_that_comes_before_Certificate_and_ClientKeyExchange_is_read_after_them()
    {
        (DtlsConnection client, DtlsConnection server) = (_a.Connection, _z.Connection);
        client.Start(_network.Now);
        server.Start(_network.Now);
        Feed(server, Drain(client));
        Feed(client, Drain(server));
        byte[][] flight = [.. SplitRecords(Drain(client))];
        Assert.Equal(1, flight[^1][4]); // Finished, in epoch 1
        Feed(server, [.. flight.Reverse()]);
        Assert.True(server.IsConnected);
        Assert.Equal(0, server.DroppedRecords);
    }

    [Fact]
    public void Data_that_overtakes_the_Finished_is_delivered_when_that_was_verified_and_not_before()
    {
        byte[][] finished = [.. RunUntilLastFlight()];
        byte[] first = Seal(_z, 1);
        byte[] second = Seal(_z, 2);
        _a.HandleDatagram(_network.Now, default, default, second);
        _a.HandleDatagram(_network.Now, default, default, first);
        _a.HandleDatagram(_network.Now, default, default, [.. first]);
        Assert.Empty(_a.Received);
        Assert.Equal(0, _a.Connection.DroppedRecords);
        Array.ForEach(finished, d => _a.HandleDatagram(_network.Now, default, default, d));
        Assert.True(_a.Connection.IsConnected);
        Assert.Equal([[2], [1]], _a.Received);
        Assert.Equal(1, _a.Connection.DroppedRecords); // the repetition
    }

    [Fact]
    public void Data_is_not_delivered_when_the_Finished_is_wrong()
    {
        byte[][] finished = [.. RunUntilLastFlight()];
        _a.HandleDatagram(_network.Now, default, default, Seal(_z, 1));
        finished[^1][^1] ^= 1;
        Array.ForEach(finished, d => _a.HandleDatagram(_network.Now, default, default, d));
        _a.HandleDatagram(_network.Now, default, default, []);
        Assert.False(_a.Connection.IsConnected);
        Assert.Empty(_a.Received);
    }

    [Fact]
    public void What_waits_is_bounded_and_worthless_records_do_no_harm()
    {
        _a.Connection.Start(_network.Now);
        for (int i = 0; i < 100; i++)
        {
            _a.HandleDatagram(_network.Now, default, default, Junk(i, 1000));
        }

        Assert.Equal(100 - 8, _a.Connection.DroppedRecords);
        DtlsPeer.Connect(_network, _a, _z);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(100, _a.Connection.DroppedRecords);
        Assert.Empty(_a.Received);
        Assert.Single(_a.Events);
    }

    [Fact]
    public void A_long_record_does_not_wait()
    {
        _a.Connection.Start(_network.Now);
        _a.HandleDatagram(_network.Now, default, default, Junk(1, 2048));
        Assert.Equal(0, _a.Connection.DroppedRecords);
        _a.HandleDatagram(_network.Now, default, default, Junk(2, 2049));
        Assert.Equal(1, _a.Connection.DroppedRecords);
    }

    [Fact]
    public void Before_the_path_is_known_nothing_protected_waits()
    {
        _z.HandleDatagram(_network.Now, default, default, Junk(1, 100));
        Assert.Equal(1, _z.Connection.DroppedRecords);
    }

    private static byte[] Junk(int sequence, int length)
    {
        byte[] record = new byte[length];
        new RecordHeader(ContentType.ApplicationData, DtlsVersion.Dtls12, 1, (ulong)sequence, length - RecordHeader.EncodedLength).Write(record);
        return record;
    }

    private static byte[] Seal(DtlsPeer peer, byte value)
    {
        byte[] record = new byte[1 + DtlsConnection.RecordOverhead];
        record[DtlsConnection.RecordHeaderLength] = value;
        peer.Connection.Seal(record, 1);
        return record;
    }

    private static IEnumerable<byte[]> SplitRecords(IEnumerable<byte[]> datagrams)
    {
        foreach (byte[] datagram in datagrams)
        {
            for (int at = 0; at < datagram.Length;)
            {
                Assert.True(RecordHeader.TryParse(datagram.AsSpan(at), out RecordHeader header));
                int length = RecordHeader.EncodedLength + header.Length;
                yield return datagram[at..(at + length)];
                at += length;
            }
        }
    }

    // A waits for Z's last flight, which is returned.
    private List<byte[]> RunUntilLastFlight()
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        Feed(_z.Connection, Drain(_a.Connection));
        Feed(_a.Connection, Drain(_z.Connection));
        Feed(_z.Connection, Drain(_a.Connection));
        Assert.True(_z.Connection.IsConnected);
        return Drain(_z.Connection);
    }

    private List<byte[]> Drain(DtlsConnection connection)
    {
        var datagrams = new List<byte[]>();
        byte[] buffer = new byte[2000];
        while (connection.TryPollTransmit(_network.Now, buffer, out int length))
        {
            datagrams.Add(buffer[..length]);
        }

        return datagrams;
    }

    private void Feed(DtlsConnection connection, IEnumerable<byte[]> datagrams)
    {
        foreach (byte[] bytes in datagrams)
        {
            Span<byte> datagram = bytes;
            while (connection.TryReadRecord(_network.Now, ref datagram, out _))
            {
            }
        }
    }
}
