using System.Security.Cryptography;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

public sealed class DtlsConnectionTests
{
    private static readonly byte[] Hello = "hello"u8.ToArray();

    [Fact]
    public void Both_sides_connect_in_two_round_trips_and_know_each_others_certificate()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        Assert.True(network.Now <= TimeSpan.FromSeconds(1.005), network.Describe());
        Assert.Equal(DtlsPeer.CertificateZ.Der.ToArray(), A.Connection.RemoteCertificate);
        Assert.Equal(DtlsPeer.CertificateA.Der.ToArray(), Z.Connection.RemoteCertificate);
        A.Send(Hello);
        Z.Send(Hello);
        Assert.True(network.Run(() => A.Received.Count == 1 && Z.Received.Count == 1, TimeSpan.FromSeconds(1)));
        Assert.Equal(Hello, A.Received[0]);
        Assert.Equal(Hello, Z.Received[0]);
        Assert.Null(A.Connection.NextTimeout);
    }

    [Fact]
    public void A_ClientHello_that_came_before_the_path_was_known_is_answered_as_soon_as_it_is()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        A.Connection.Start(network.Now);
        network.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, network.Count.Sent);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.IsConnected && Z.Connection.IsConnected, TimeSpan.FromMilliseconds(5)), network.Describe());
    }

    [Fact]
    public void Each_datagram_of_the_handshake_may_be_lost_once_or_twice()
    {
        for (int lost = 0; lost < 8; lost++)
        {
            for (int times = 1; times <= 2; times++)
            {
                var network = new SimulatedNetwork(lost);
                (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize: 400);
                int index = 0;
                int dropped = 0;
                network.Filter = _ => index++ < lost || ++dropped > times;
                DtlsPeer.Connect(network, A, Z);
            }
        }
    }

    [Theory]
    [InlineData(128)]
    [InlineData(200)]
    [InlineData(1200)]
    public void It_connects_over_a_terrible_network_in_fragments_of_any_size(int maxDatagramSize)
    {
        int connected = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, maxDatagramSize, seed);
            A.Connection.Start(network.Now);
            Z.Connection.Start(network.Now);
            connected += network.Run(() => A.Connection.IsConnected && Z.Connection.IsConnected, TimeSpan.FromSeconds(29)) ? 1 : 0;
        }

        Assert.Equal(50, connected);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_certificate_with_another_fingerprint_is_refused_by_either_side(bool byClient)
    {
        var network = new SimulatedNetwork(1);
        DtlsFingerprint wrong = DtlsFingerprint.Compute(DtlsFingerprint.Sha256, "another certificate"u8);
        var A = new DtlsPeer(network, true, DtlsRole.Client, byClient ? wrong : null);
        var Z = new DtlsPeer(network, false, DtlsRole.Server, byClient ? null : wrong);
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed && Z.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(5)), network.Describe());
        DtlsPeer refusing = byClient ? A : Z;
        Assert.Contains("fingerprint", Assert.Single(refusing.Events).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_that_never_answers_fails_the_handshake_after_30_seconds()
    {
        var network = new SimulatedNetwork(1) { Filter = _ => false };
        (DtlsPeer A, _) = DtlsPeer.CreatePair(network);
        A.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(31)), network.Describe());
        Assert.InRange(network.Count.Sent, 5, 10);
    }

    [Fact]
    public void Replayed_corrupted_and_truncated_records_are_dropped()
    {
        var network = new SimulatedNetwork(1, NetworkConditions.Perfect with { Duplication = 1 });
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        network.Run(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 100; i++)
        {
            A.Send([(byte)i]);
        }

        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(100, Z.Received.Count);
        network.Filter = datagram =>
        {
            datagram.Bytes[^1] ^= 1;
            return true;
        };
        A.Send(Hello);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(100, Z.Received.Count);
        Assert.True(Z.Connection.IsConnected);
        Assert.True(Z.Connection.DroppedRecords >= 101);
    }

    [Fact]
    public void Close_reaches_the_peer()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        A.Connection.Close();
        Assert.True(network.Run(() => Z.Connection.State == DtlsState.Closed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal(DtlsEventKind.Closed, Z.Events[^1].Kind);
        Assert.Throws<InvalidOperationException>(() => A.Connection.Seal(new byte[100], 10));
    }

    [Fact]
    public void Unprotected_alerts_and_data_do_nothing_to_a_connection_that_stands()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        foreach (byte type in (byte[])[20, 21, 23, 99])
        {
            var record = new byte[15];
            new RecordHeader((ContentType)type, DtlsVersion.Dtls12, 0, 1000, 2).Write(record);
            (record[13], record[14]) = (2, 40);
            Z.HandleDatagram(network.Now, default, default, record);
        }

        Assert.True(Z.Connection.IsConnected);
        Assert.Empty(Z.Received);
    }

    [Fact]
    public void Mutated_datagrams_never_throw()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var network = new SimulatedNetwork(seed);
            (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network, seed: seed);
            var random = new Random(seed);
            network.Filter = datagram =>
            {
                for (int i = random.Next(0, 3); i > 0; i--)
                {
                    datagram.Bytes[random.Next(datagram.Bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                return true;
            };
            A.Connection.Start(network.Now);
            Z.Connection.Start(network.Now);
            network.Run(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public void A_certificate_is_restored_from_what_it_exports()
    {
        byte[] key = DtlsPeer.CertificateA.ExportPkcs8PrivateKey();
        using DtlsCertificate restored = DtlsCertificate.Import(DtlsPeer.CertificateA.Der.Span, key);
        Assert.Equal(DtlsPeer.CertificateA.Fingerprint, restored.Fingerprint);
        Assert.Throws<CryptographicException>(() => DtlsCertificate.Import(DtlsPeer.CertificateZ.Der.Span, key));
    }

    [Theory]
    [InlineData("sha-256 AA:BB", false)]
    [InlineData("SHA-256 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab:4a:ad:b9:b1:3f:82:18:3b:54:02:12:df", true)]
    public void Fingerprints_are_read_as_SDP_writes_them(string text, bool isSupported)
    {
        Assert.True(DtlsFingerprint.TryParse(text, out DtlsFingerprint fingerprint));
        Assert.Equal(isSupported, fingerprint.IsSupported);
        Assert.True(DtlsFingerprint.TryParse(fingerprint.ToString(), out DtlsFingerprint again));
        Assert.Equal(fingerprint, again);
    }

    [Fact]
    public void The_replay_window_accepts_each_number_once()
    {
        var window = new ReplayWindow();
        var random = new Random(1);
        var seen = new HashSet<ulong>();
        ulong newest = 0;
        for (int i = 0; i < 100_000; i++)
        {
            ulong sequence = (ulong)Math.Max(0, (long)newest + random.Next(-3000, random.Next(20) == 0 ? 5000 : 100));
            bool expected = !seen.Contains(sequence) && (seen.Count == 0 || sequence > newest || newest + 1 - sequence <= ReplayWindow.Size);
            Assert.Equal(expected, window.IsNew(sequence));
            if (expected)
            {
                window.Mark(sequence);
                seen.Add(sequence);
                newest = Math.Max(newest, sequence);
            }
        }
    }
}
