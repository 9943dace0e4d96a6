using System.Buffers.Binary;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Tests.Sctp;

public sealed class SctpTransferTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_thousand_messages_each_way_arrive_once_and_in_order_at_20_percent_loss_30_reordering_10_duplication()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "chat", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit), network.Describe());
            DataChannel z = Z.Incoming[0];
            const int count = 1000;
            for (int i = 0; i < count; i++)
            {
                a.Send(network.Now, Number(i), false);
                z.Send(network.Now, Number(count + i), false);
            }

            int receivedA = 0;
            int receivedZ = 0;
            bool isDone = network.Run(
                () =>
                {
                    receivedZ += Receive(network, z, receivedZ);
                    receivedA += Receive(network, a, count + receivedA);
                    return receivedA == count && receivedZ == count;
                },
                Limit);
            Assert.True(isDone, $"{receivedA} and {receivedZ} of {count} arrived; {network.Describe()}");
            network.Run(TimeSpan.FromSeconds(5));
            Assert.False(a.HasMessage || z.HasMessage, network.Describe());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_of_every_size_arrive_unchanged(bool isInterleaved)
    {
        var network = new SimulatedNetwork(7, NetworkConditions.Perfect with { Loss = 0.02, Reordering = 0.02 });
        var options = new SctpOptions { EnableInterleaving = isInterleaved };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 7, options, options);
        DataChannel[] channels = [A.Channels.Create(network.Now, "a", new()), A.Channels.Create(network.Now, "b", new()), A.Channels.Create(network.Now, "c", new() { Ordered = false })];
        Assert.True(network.Run(() => Z.Incoming.Count == 3, Limit), network.Describe());
        int[] sizes = [0, 1, 2, 3, 4, 1131, 1132, 1133, 1136, 4000, 65_536, 262_143, 262_144];
        var random = new Random(7);
        Dictionary<string, List<byte[]>> expected = channels.ToDictionary(c => c.Label, _ => new List<byte[]>());
        foreach (int size in sizes)
        {
            foreach (DataChannel channel in channels)
            {
                var message = new byte[size];
                random.NextBytes(message);
                expected[channel.Label].Add(message);
                channel.Send(network.Now, message, size % 2 == 0);
            }
        }

        Dictionary<string, List<byte[]>> received = channels.ToDictionary(c => c.Label, _ => new List<byte[]>());
        Assert.True(
            network.Run(
                () =>
                {
                    foreach (DataChannel channel in Z.Incoming)
                    {
                        while (channel.TryReceive(out DataChannelMessage message))
                        {
                            Assert.Equal(message.Length % 2 == 0, message.IsText);
                            received[channel.Label].Add(message.Payload.ToArray());
                            message.Return();
                        }
                    }

                    return received.Values.All(r => r.Count == sizes.Length);
                },
                Limit),
            network.Describe());
        Assert.Equal(expected["a"], received["a"]);
        Assert.Equal(expected["b"], received["b"]);
        Assert.Equal(expected["c"].OrderBy(m => m.Length), received["c"].OrderBy(m => m.Length));
    }

    [Fact]
    public void Sequence_numbers_wrap_without_notice()
    {
        var network = new SimulatedNetwork(3, NetworkConditions.Perfect with { Loss = 0.05, Reordering = 0.1 });
        var options = new SctpOptions { EnableInterleaving = false };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 3, options, options);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        int received = 0;
        int sent = 0;
        const int count = 70_000; // an SSN has 16 bits
        Assert.True(
            network.Run(
                () =>
                {
                    while (sent < count && a.BufferedAmount < 4096)
                    {
                        a.Send(network.Now, Number(sent++), false);
                    }

                    received += Receive(network, Z.Incoming[0], received);
                    return received == count;
                },
                TimeSpan.FromHours(1)),
            network.Describe());
    }

    [Fact]
    public void A_reader_that_pauses_stops_the_sender_and_resumes_it()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        var message = new byte[100_000];
        for (int i = 0; i < 100; i++)
        {
            a.Send(network.Now, message, false);
        }

        network.Run(TimeSpan.FromSeconds(30));
        long left = a.BufferedAmount;
        Assert.InRange(left, (100 * message.Length) - (2 * new SctpOptions().ReceiveWindow), 99 * message.Length);
        (long before, _) = network.Count;
        network.Run(TimeSpan.FromSeconds(30));
        Assert.InRange(network.Count.Sent - before, 0, 200); // window probes, not data
        int received = 0;
        Assert.True(
            network.Run(
                () =>
                {
                    while (Z.Incoming[0].TryReceive(out DataChannelMessage m))
                    {
                        Assert.Equal(message.Length, m.Length);
                        m.Return();
                        received++;
                    }

                    return received == 100;
                },
                TimeSpan.FromSeconds(30)),
            network.Describe());
    }

    [Fact]
    public void Buffered_amount_low_is_reported_once_per_crossing()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        a.BufferedAmountLowThreshold = 50_000;
        network.Run(TimeSpan.FromSeconds(1));
        a.Send(network.Now, new byte[200_000], false);
        Assert.Equal(200_000, a.BufferedAmount);
        network.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(0, a.BufferedAmount);
        Assert.Single(A.Events, e => e.Type == DataChannelEventType.BufferedAmountLow);
        Assert.True(Z.Incoming[0].HasMessage);
    }

    [Fact]
    public void Messages_with_limited_retransmissions_are_given_up_and_do_not_block_others()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            foreach (bool isInterleaved in (bool[])[true, false])
            {
                var network = new SimulatedNetwork(seed);
                var options = new SctpOptions { EnableInterleaving = isInterleaved };
                (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed, options, options);
                DataChannel a = A.Channels.Create(network.Now, "x", new() { MaxRetransmits = 0, Ordered = seed % 2 == 0 });
                Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
                network.Run(TimeSpan.FromSeconds(1));
                network.Conditions = NetworkConditions.Perfect with { Loss = 0.3 };
                for (int i = 0; i < 200; i++)
                {
                    a.Send(network.Now, new byte[5000], false);
                }

                network.Run(TimeSpan.FromSeconds(60));
                network.Conditions = NetworkConditions.Perfect;
                network.Run(TimeSpan.FromSeconds(10));
                a.Send(network.Now, "last"u8, true);
                int count = 0;
                bool hasLast = false;
                Assert.True(
                    network.Run(
                        () =>
                        {
                            while (Z.Incoming[0].TryReceive(out DataChannelMessage m))
                            {
                                count++;
                                hasLast |= m.IsText;
                                Assert.Equal(m.IsText ? 4 : 5000, m.Length);
                                m.Return();
                            }

                            return hasLast;
                        },
                        TimeSpan.FromSeconds(30)),
                    network.Describe());
                Assert.InRange(count, 2, 199);
                network.Run(TimeSpan.FromSeconds(1));
                Assert.Equal(0, A.Association.FlightSize);
            }
        }
    }

    [Fact]
    public void An_outage_of_20_seconds_is_survived()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        DataChannel a = A.Channels.Create(network.Now, "x", new());
        Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
        network.Filter = _ => false;
        a.Send(network.Now, "hi"u8, true);
        network.Run(TimeSpan.FromSeconds(20));
        network.Filter = null;
        Assert.True(network.Run(() => Z.Incoming[0].HasMessage, TimeSpan.FromSeconds(4)), network.Describe());
    }

    [Fact]
    public void Shutdown_delivers_what_was_queued_and_ends_both_sides()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "x", new());
            for (int i = 0; i < 100; i++)
            {
                a.Send(network.Now, Number(i), false);
            }

            A.Association.Shutdown(network.Now);
            Assert.True(network.Run(() => A.Association.State == SctpState.Closed && Z.Association.State == SctpState.Closed, TimeSpan.FromMinutes(2)), network.Describe());
            Assert.Equal(100, Receive(network, Z.Incoming[0], 0));
            Assert.Throws<InvalidOperationException>(() => A.Association.Send(network.Now, 0, 51, (byte[])[1]));
        }
    }

    [Fact]
    public void Abort_reaches_the_peer_with_its_reason()
    {
        var network = new SimulatedNetwork(1);
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network);
        A.Association.Abort("Enough.");
        Assert.True(network.Run(() => Z.Association.EndReason is not null, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Contains("Enough.", Z.Association.EndReason, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_packets_never_throw_and_never_break_a_connection_that_checks_sums()
    {
        var options = new SctpOptions { EnableZeroChecksum = false };
        for (int seed = 0; seed < 20; seed++)
        {
            var network = new SimulatedNetwork(seed);
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed, options, options);
            DataChannel a = A.Channels.Create(network.Now, "x", new());
            Assert.True(network.Run(() => Z.Incoming.Count == 1, Limit));
            var random = new Random(seed);
            network.Filter = datagram =>
            {
                if (random.Next(4) == 0)
                {
                    datagram.Bytes[random.Next(datagram.Bytes.Length)] ^= (byte)random.Next(1, 256);
                }

                return true;
            };
            for (int i = 0; i < 200; i++)
            {
                a.Send(network.Now, Number(i), false);
            }

            int received = 0;
            Assert.True(network.Run(() => (received += Receive(network, Z.Incoming[0], received)) == 200, Limit), network.Describe());
        }
    }

    [Fact]
    public void Almost_valid_packets_never_throw()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Perfect with { Loss = 0.05 });
            (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, seed);
            DataChannel a = A.Channels.Create(network.Now, "x", new() { MaxRetransmits = 1 });
            var random = new Random(seed);
            network.Filter = datagram =>
            {
                // Mutated behind the tag, with a sum that fits: everything reaches the parsers and the states.
                for (int i = random.Next(0, 3); i > 0; i--)
                {
                    datagram.Bytes[random.Next(SctpPacket.HeaderLength, datagram.Bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                BinaryPrimitives.WriteUInt32LittleEndian(datagram.Bytes.AsSpan(SctpPacket.ChecksumOffset), SctpPacket.ComputeChecksum(datagram.Bytes));
                return true;
            };
            for (int i = 0; i < 50 && a.ReadyState == DataChannelState.Open; i++)
            {
                a.Send(network.Now, new byte[random.Next(1, 5000)], false);
                network.Run(TimeSpan.FromMilliseconds(20));
                while (Z.Incoming.Count > 0 && Z.Incoming[0].TryReceive(out DataChannelMessage m))
                {
                    m.Return();
                }
            }

            a.Close();
            network.Run(TimeSpan.FromSeconds(5));
        }
    }

    internal static byte[] Number(int number)
    {
        var bytes = new byte[sizeof(int) + (number % 7)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    /// <summary>Reads what has come.</summary>
    internal static int Count(DataChannel channel)
    {
        int count = 0;
        for (; channel.TryReceive(out DataChannelMessage message); count++)
        {
            message.Return();
        }

        return count;
    }

    /// <summary>Reads what has come and checks that it is the next numbers.</summary>
    internal static int Receive(SimulatedNetwork network, DataChannel channel, int next)
    {
        int count = 0;
        while (channel.TryReceive(out DataChannelMessage message))
        {
            int number = BinaryPrimitives.ReadInt32BigEndian(message.Payload.Span);
            if (number != next + count)
            {
                Assert.Fail($"{number} came instead of {next + count}; {network.Describe()}");
            }

            message.Return();
            count++;
        }

        return count;
    }
}
