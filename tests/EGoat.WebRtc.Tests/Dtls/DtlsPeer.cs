using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A DTLS connection on a simulated network.</summary>
internal sealed class DtlsPeer : ISimulatedNode
{
    /// <summary>Made once: tests need two identities, not fresh ones.</summary>
    public static readonly DtlsCertificate CertificateA = DtlsCertificate.Create();
    public static readonly DtlsCertificate CertificateZ = DtlsCertificate.Create();

    private readonly TransportAddress _local;
    private readonly TransportAddress _remote;
    private readonly Queue<byte[]> _toSend = new();

    public DtlsPeer(SimulatedNetwork network, bool isA, DtlsRole role, DtlsFingerprint? expected = null, int maxDatagramSize = 1200, int seed = 1)
    {
        DtlsFingerprint other = isA ? CertificateZ.Fingerprint : CertificateA.Fingerprint;
        Connection = new DtlsConnection(role, isA ? CertificateA : CertificateZ, [expected ?? other], new DtlsOptions { MaxDatagramSize = maxDatagramSize }, new SeededEntropy(seed));
        (_local, _remote) = Attach(network, isA);
    }

    /// <summary>A peer whose handshake is not this engine's.</summary>
    public DtlsPeer(SimulatedNetwork network, bool isA, Handshake handshake, int maxDatagramSize = 1200)
    {
        Connection = new DtlsConnection(handshake, new DtlsOptions { MaxDatagramSize = maxDatagramSize });
        (_local, _remote) = Attach(network, isA);
    }

    public DtlsConnection Connection { get; }

    public List<byte[]> Received { get; } = [];

    public List<DtlsEvent> Events { get; } = [];

    public TimeSpan? NextTimeout => Connection.NextTimeout;

    public static (DtlsPeer A, DtlsPeer Z) CreatePair(SimulatedNetwork network, int maxDatagramSize = 1200, int seed = 1) => (
        new DtlsPeer(network, true, DtlsRole.Client, null, maxDatagramSize, (2 * seed) + 1),
        new DtlsPeer(network, false, DtlsRole.Server, null, maxDatagramSize, (2 * seed) + 2));

    public static void Connect(SimulatedNetwork network, DtlsPeer A, DtlsPeer Z)
    {
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => A.Connection.IsConnected && Z.Connection.IsConnected, TimeSpan.FromSeconds(29)), network.Describe());
    }

    public void Send(byte[] payload)
    {
        var record = new byte[payload.Length + DtlsConnection.RecordOverhead];
        payload.CopyTo(record, DtlsConnection.RecordHeaderLength);
        Assert.Equal(record.Length, Connection.Seal(record, payload.Length));
        _toSend.Enqueue(record);
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        while (Connection.TryReadRecord(now, ref datagram, out Span<byte> data))
        {
            if (!data.IsEmpty)
            {
                Received.Add(data.ToArray());
            }
        }

        DrainEvents();
    }

    public void HandleTimeout(TimeSpan now)
    {
        Connection.HandleTimeout(now);
        DrainEvents();
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        if (!Connection.TryPollTransmit(now, buffer, out int length))
        {
            if (!_toSend.TryDequeue(out byte[]? record))
            {
                transmit = default;
                return false;
            }

            record.CopyTo(buffer);
            length = record.Length;
        }

        transmit = new Transmit(_local, _remote, length, length);
        return true;
    }

    private (TransportAddress Local, TransportAddress Remote) Attach(SimulatedNetwork network, bool isA)
    {
        TransportAddress local = Parse(isA ? "192.0.2.1" : "192.0.2.2");
        network.Attach(this, local);
        return (local, Parse(isA ? "192.0.2.2" : "192.0.2.1"));
    }

    private static TransportAddress Parse(string address)
    {
        Assert.True(TransportAddress.TryParse(address, 5000, out TransportAddress parsed));
        return parsed;
    }

    private void DrainEvents()
    {
        while (Connection.TryPollEvent(out DtlsEvent e))
        {
            Events.Add(e);
        }
    }
}
