using System.Reflection;
using System.Text.RegularExpressions;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.FuzzTests.Connection;

/// <summary>Connections A and Z; what Z could know is used to write packets in its name.</summary>
internal sealed partial class ConnectionPair : IDisposable
{
    private static readonly FieldInfo DtlsField = Field<PeerConnection>("_dtls");
    private static readonly FieldInfo AssociationField = Field<PeerConnection>("_association");
    private static readonly FieldInfo PeerTagField = Field<SctpAssociation>("_peerTag");

    private readonly byte[] _buffer = new byte[64 * 1024];

    public ConnectionPair(int seed, PacketLog log)
    {
        Log = log;
        Log.Now = TimeSpan.FromSeconds(1);
        A = Create((2 * seed) + 1, DtlsPeer.CertificateA, AddressOfA);
        Z = Create((2 * seed) + 2, DtlsPeer.CertificateZ, AddressOfZ);
        A.CreateDataChannel(Log.Now, "egoat");
        string offer = A.CreateOffer(Log.Now);
        string answer = Z.AcceptOffer(Log.Now, offer);
        A.AcceptAnswer(Log.Now, answer);
        PasswordOfA = System.Text.Encoding.ASCII.GetBytes(PasswordLine().Match(offer).Groups[1].Value);
        PasswordOfZ = System.Text.Encoding.ASCII.GetBytes(PasswordLine().Match(answer).Groups[1].Value);
    }

    public static TransportAddress AddressOfA { get; } = Parse("192.0.2.1");

    public static TransportAddress AddressOfZ { get; } = Parse("192.0.2.2");

    /// <summary>An address that has proved nothing.</summary>
    public static TransportAddress Stranger { get; } = Parse("198.51.100.7");

    public PacketLog Log { get; }

    public PeerConnection A { get; }

    public PeerConnection Z { get; }

    public byte[] PasswordOfA { get; }

    public byte[] PasswordOfZ { get; }

    /// <summary>STUN messages of Z.</summary>
    public List<byte[]> StunOfZ { get; } = [];

    /// <summary>DTLS datagrams of Z.</summary>
    public List<byte[]> DtlsOfZ { get; } = [];

    public bool CanSeal => DtlsField.GetValue(Z) is DtlsConnection { IsConnected: true };

    public uint TagOfA => (uint)PeerTagField.GetValue(AssociationField.GetValue(Z))!;

    /// <summary>A DTLS record of Z around an SCTP packet.</summary>
    public byte[] Seal(byte[] packet)
    {
        var record = new byte[packet.Length + DtlsConnection.RecordOverhead];
        packet.CopyTo(record, DtlsConnection.RecordHeaderLength);
        ((DtlsConnection)DtlsField.GetValue(Z)!).Seal(record, packet.Length);
        return record;
    }

    /// <summary>Lets 20 ms pass; what Z says reaches A if it is to.</summary>
    public void Step(bool deliver)
    {
        Log.Now += TimeSpan.FromMilliseconds(20);
        HandleTimeout(A);
        HandleTimeout(Z);
        foreach ((TransportAddress to, byte[] datagram) in PollA())
        {
            if (to == AddressOfZ)
            {
                Z.HandleDatagram(Log.Now, AddressOfZ, AddressOfA, datagram);
            }
        }

        foreach ((_, byte[] datagram) in Poll(Z))
        {
            (datagram[0] <= 3 ? StunOfZ : DtlsOfZ).Add([.. datagram]);
            if (deliver)
            {
                Deliver(AddressOfZ, datagram);
            }
        }
    }

    /// <summary>Gives A a datagram; nothing may throw.</summary>
    public void Deliver(TransportAddress from, byte[] datagram)
    {
        Log.Add($"{from} -> A", datagram);
        try
        {
            A.HandleDatagram(Log.Now, AddressOfA, from, datagram);
            while (A.TryPollEvent(out _))
            {
            }
        }
        catch (Exception e)
        {
            throw Log.Failure($"{A.State}: {e}");
        }
    }

    /// <summary>All that A sends now, and where to.</summary>
    public List<(TransportAddress To, byte[] Datagram)> PollA()
    {
        try
        {
            return Poll(A);
        }
        catch (Exception e)
        {
            throw Log.Failure($"{A.State}, sending: {e}");
        }
    }

    public void Dispose()
    {
        A.Dispose();
        Z.Dispose();
    }

    private static FieldInfo Field<T>(string name) => typeof(T).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!;

    private static TransportAddress Parse(string text) => TransportAddress.TryParse(text, 5000, out TransportAddress address) ? address : throw new ArgumentException($"{text} is no address.", nameof(text));

    [GeneratedRegex("a=ice-pwd:(.*)\r")]
    private static partial Regex PasswordLine();

    private PeerConnection Create(int seed, DtlsCertificate certificate, TransportAddress address)
    {
        var connection = new PeerConnection(new PeerConnectionOptions { Certificate = certificate }, new SeededEntropy(seed));
        connection.AddLocalCandidate(Log.Now, IceCandidate.CreateHost(address, address, 1));
        return connection;
    }

    private void HandleTimeout(PeerConnection connection)
    {
        if (connection.NextTimeout <= Log.Now)
        {
            connection.HandleTimeout(Log.Now);
        }
    }

    private List<(TransportAddress To, byte[] Datagram)> Poll(PeerConnection connection)
    {
        var datagrams = new List<(TransportAddress To, byte[] Datagram)>();
        while (connection.TryPollTransmit(Log.Now, _buffer, out Transmit transmit))
        {
            for (int at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                datagrams.Add((transmit.Remote, _buffer[at..Math.Min(transmit.Length, at + transmit.SegmentSize)]));
            }
        }

        while (connection.TryPollEvent(out _))
        {
        }

        return datagrams;
    }
}
