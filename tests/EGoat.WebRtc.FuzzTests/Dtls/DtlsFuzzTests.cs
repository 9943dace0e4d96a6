using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.FuzzTests.Dtls;

public sealed class DtlsFuzzTests
{
    private const int PacketsPerEpisode = 20;

    /// <summary>A flight is at most this long, and is sent at most twice for one datagram.</summary>
    private const int MaxAnswer = 8 * 1024;

    [Fact]
    public void Almost_valid_datagrams_never_throw_and_are_not_amplified()
    {
        int packets = FuzzRun.Packets(PacketShare.DtlsStates);
        for (int episode = 0; packets > 0; episode++)
        {
            packets -= RunEpisode(episode);
        }
    }

    private static int RunEpisode(int episode)
    {
        Random random = FuzzRun.Randomness(episode, 100);
        var log = new PacketLog($"DTLS, episode {episode}") { Now = TimeSpan.FromSeconds(1) };
        bool isClient = random.Next(2) == 0;
        using var a = new DtlsConnection(isClient ? DtlsRole.Client : DtlsRole.Server, DtlsPeer.CertificateA, [DtlsPeer.CertificateZ.Fingerprint], DtlsOptions.Default, new SeededEntropy(random.Next()));
        using var z = new DtlsConnection(isClient ? DtlsRole.Server : DtlsRole.Client, DtlsPeer.CertificateZ, [DtlsPeer.CertificateA.Fingerprint], DtlsOptions.Default, new SeededEntropy(random.Next()));
        a.Start(log.Now);
        z.Start(log.Now);
        var fromZ = new List<byte[]>();
        var mutator = new Mutator(random, CorpusFiles.Read("dtls"));
        int honest = random.Next(5);
        int fed = 0;
        while (fed < PacketsPerEpisode && a.State is DtlsState.Connecting or DtlsState.Connected)
        {
            bool isHonest = honest-- > 0 || random.Next(4) == 0;
            Poll(a, log).ForEach(d => Read(z, log.Now, d));
            List<byte[]> said = Poll(z, log);
            fromZ.AddRange(said);
            if (isHonest)
            {
                said.ForEach(d => Feed(a, log, [.. d]));
            }

            if (z.IsConnected)
            {
                var record = new byte[100 + DtlsConnection.RecordOverhead];
                z.Seal(record, 100);
                fromZ.Add(record);
            }

            IReadOnlyList<byte[]> source = fromZ.Count > 0 && random.Next(4) != 0 ? fromZ : CorpusFiles.Read("dtls");
            Feed(a, log, mutator.Mutate(source[random.Next(source.Count)]));
            fed++;
            log.Now += TimeSpan.FromMilliseconds(random.Next(300));
            a.HandleTimeout(log.Now);
            z.HandleTimeout(log.Now);
        }

        return fed + 1;
    }

    private static void Feed(DtlsConnection connection, PacketLog log, byte[] datagram)
    {
        log.Add("-> A", datagram);
        DtlsState before = connection.State;
        try
        {
            Read(connection, log.Now, datagram);
        }
        catch (Exception e)
        {
            throw log.Failure($"{before}: {e}");
        }

        if (before is DtlsState.Failed or DtlsState.Closed && connection.State != before)
        {
            throw log.Failure($"{before} became {connection.State}");
        }
    }

    private static void Read(DtlsConnection connection, TimeSpan now, byte[] datagram)
    {
        Span<byte> rest = datagram;
        while (connection.TryReadRecord(now, ref rest, out _))
        {
        }

        while (connection.TryPollEvent(out _))
        {
        }
    }

    private static List<byte[]> Poll(DtlsConnection connection, PacketLog log)
    {
        var datagrams = new List<byte[]>();
        var buffer = new byte[1500];
        while (connection.TryPollTransmit(log.Now, buffer, out int length))
        {
            datagrams.Add(buffer[..length]);
            if (datagrams.Sum(d => d.Length) > MaxAnswer)
            {
                throw log.Failure($"{connection.State}: an answer without end");
            }
        }

        return datagrams;
    }
}
