using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Whatever bytes arrive, in whatever state: a connection never throws, and a standing one stays.</summary>
public sealed class HostileDatagramTests
{
    private const int Seeds = 2000;
    private const int DatagramsPerSeed = 8;

    /// <summary>Where the handshake stops, see Run: the early states, which cost no cryptography, come more often.</summary>
    private static readonly int[] Stops = [0, 1, 1, 2, 2, 3, 4, 5];

    [Fact]
    public void Mutated_handshake_datagrams_never_throw_in_any_state()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            try
            {
                Run(seed);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
        }
    }

    [Fact]
    public void Random_bytes_and_random_records_never_throw_and_do_nothing_to_a_standing_connection()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        network.Run(TimeSpan.FromSeconds(1));
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] datagram = new byte[random.Next(100)];
            random.NextBytes(datagram);
            if (datagram.Length >= RecordHeader.EncodedLength && i % 2 == 0)
            {
                new RecordHeader((ContentType)random.Next(19, 25), DtlsVersion.Dtls12, (ushort)random.Next(3), (ulong)random.Next(100), datagram.Length - RecordHeader.EncodedLength).Write(datagram);
            }

            Z.HandleDatagram(network.Now, default, default, datagram);
        }

        A.Send([1]);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([1], Assert.Single(Z.Received));
        Assert.Single(Z.Events);
    }

    // Z is not started at 0; at 5 both are connected; between, stop - 1 flights have arrived.
    private static void Run(int seed)
    {
        var random = new Random(seed);
        int stop = Stops[seed % Stops.Length];
        bool isStartedLate = stop == 0;
        using var A = Create(DtlsRole.Client, seed);
        using var Z = Create(DtlsRole.Server, seed);
        TimeSpan now = TimeSpan.FromSeconds(1);
        var seen = new List<byte[]>();
        A.Start(now);
        if (!isStartedLate)
        {
            Z.Start(now);
        }

        for (int step = 1; step < stop; step++)
        {
            (DtlsConnection from, DtlsConnection to) = step % 2 == 1 ? (A, Z) : (Z, A);
            foreach (byte[] datagram in Drain(from, now))
            {
                seen.Add(datagram);
                Feed(to, now, [.. datagram]);
            }
        }

        bool wereConnected = A.IsConnected && Z.IsConnected;
        Assert.Equal(stop == 5, wereConnected);
        seen.AddRange(Drain(A, now));
        seen.AddRange(Drain(Z, now));
        for (int i = 0; i < DatagramsPerSeed; i++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(150));
            byte[] hostile = Mutate(random, seen[random.Next(seen.Count)], seen);
            DtlsConnection target = random.Next(2) == 0 ? A : Z;
            Feed(target, now, hostile);
            target.HandleTimeout(now);
            seen.AddRange(Drain(target, now).Take(3));
        }

        Z.Start(now);
        seen.AddRange(Drain(Z, now));
        Assert.False(wereConnected && !(A.IsConnected && Z.IsConnected), $"seed {seed}: {A.State} {Z.State}");
    }

    private static byte[] Mutate(Random random, byte[] original, List<byte[]> seen)
    {
        byte[] bytes = [.. original];
        switch (random.Next(7))
        {
            case 0: // some bits
                for (int i = random.Next(1, 5); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                return bytes;
            case 1: // a field of the record's or the message's header
                bytes[random.Next(Math.Min(bytes.Length, RecordHeader.EncodedLength + HandshakeHeader.EncodedLength))] = (byte)random.Next(256);
                return bytes;
            case 2: // a cut, and the record says so
                bytes = bytes[..random.Next(RecordHeader.EncodedLength, bytes.Length + 1)];
                SetLength(bytes);
                return bytes;
            case 3: // the front of one and the back of another, as one record
                byte[] other = seen[random.Next(seen.Count)];
                bytes = [.. bytes[..random.Next(RecordHeader.EncodedLength, bytes.Length + 1)], .. other[random.Next(other.Length)..]];
                SetLength(bytes);
                return bytes;
            case 4: // a length within a message
                if (bytes.Length > 40)
                {
                    int at = random.Next(25, bytes.Length - 2);
                    bytes[at] = 0xFF;
                    bytes[at + 1] = (byte)random.Next(256);
                }

                return bytes;
            case 5: // the message is of another type
                if (bytes.Length > RecordHeader.EncodedLength)
                {
                    bytes[RecordHeader.EncodedLength] = (byte)random.Next(21);
                }

                return bytes;
            default: // nothing: a replay, perhaps to the wrong side
                return bytes;
        }
    }

    private static void SetLength(byte[] record)
    {
        int length = record.Length - RecordHeader.EncodedLength;
        (record[11], record[12]) = ((byte)(length >> 8), (byte)length);
    }

    private static DtlsConnection Create(DtlsRole role, int seed) => new(
        role,
        role == DtlsRole.Client ? DtlsPeer.CertificateA : DtlsPeer.CertificateZ,
        [(role == DtlsRole.Client ? DtlsPeer.CertificateZ : DtlsPeer.CertificateA).Fingerprint],
        new DtlsOptions { MaxDatagramSize = seed % 3 == 0 ? 200 : 1200 },
        new SeededEntropy(seed));

    private static List<byte[]> Drain(DtlsConnection connection, TimeSpan now)
    {
        var datagrams = new List<byte[]>();
        byte[] buffer = new byte[2000];
        while (connection.TryPollTransmit(now, buffer, out int length))
        {
            datagrams.Add(buffer[..length]);
        }

        return datagrams;
    }

    private static void Feed(DtlsConnection connection, TimeSpan now, byte[] bytes)
    {
        Span<byte> datagram = bytes;
        while (connection.TryReadRecord(now, ref datagram, out _))
        {
        }

        while (connection.TryPollEvent(out _))
        {
        }
    }
}
