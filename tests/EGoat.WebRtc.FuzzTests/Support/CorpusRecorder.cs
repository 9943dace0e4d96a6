using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Tests.Dtls;
using EGoat.WebRtc.Tests.Sctp;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>Records the corpus: runs our engine in virtual time through everything it can say, and keeps the first packet of each kind.</summary>
internal sealed class CorpusRecorder
{
    /// <summary>Bulk is not worth keeping: what follows a header is not looked at.</summary>
    private const int MaxLength = 600;

    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    /// <summary>File names and contents.</summary>
    public static IReadOnlyDictionary<string, byte[]> Record()
    {
        var recorder = new CorpusRecorder();
        recorder.RecordSctp(isInterleaved: true);
        recorder.RecordSctp(isInterleaved: false);
        recorder.RecordDtls();
        recorder.RecordStun();
        recorder.RecordTexts();
        return recorder._files;
    }

    private void Keep(string name, ReadOnlySpan<byte> bytes)
    {
        if (!_files.ContainsKey(name))
        {
            _files.Add(name, bytes.ToArray());
        }
    }

    private void RecordSctp(bool isInterleaved)
    {
        var network = new SimulatedNetwork(3, NetworkConditions.Perfect with { Loss = 0.1, Reordering = 0.2 });
        network.Filter = datagram =>
        {
            KeepSctp(datagram.Bytes);
            return true;
        };
        var options = new SctpOptions { EnableInterleaving = isInterleaved, EnableZeroChecksum = false, MaxPacketSize = 512 };
        (SctpPeer A, SctpPeer Z) = SctpPeer.Connect(network, 3, options, options);
        DataChannel reliable = A.Channels.Create(network.Now, "egoat", new());
        DataChannel ordered = A.Channels.Create(network.Now, "partial", new() { MaxRetransmits = 0 });
        DataChannel unordered = A.Channels.Create(network.Now, "unordered", new() { Ordered = false, MaxPacketLifeTime = 1 });
        network.Run(() => Z.Incoming.Count == 3, TimeSpan.FromSeconds(10));
        for (int i = 0; i < 20; i++)
        {
            foreach (DataChannel channel in (ReadOnlySpan<DataChannel>)[reliable, ordered, unordered])
            {
                channel.Send(network.Now, new byte[40 + (60 * i)], false);
            }

            network.Run(TimeSpan.FromMilliseconds(20));
        }

        network.Run(TimeSpan.FromSeconds(70)); // heartbeats
        unordered.Close();
        network.Run(TimeSpan.FromSeconds(5));
        A.Association.Shutdown(network.Now);
        network.Run(TimeSpan.FromSeconds(10));
        (A, _) = SctpPeer.Connect(ClearedOf(network), 4, options, options);
        A.Association.Abort("enough");
        network.Run(TimeSpan.FromSeconds(1));

        SimulatedNetwork ClearedOf(SimulatedNetwork old) => network = new SimulatedNetwork(4) { Filter = old.Filter };
    }

    private void KeepSctp(byte[] packet)
    {
        var chunks = new TlvReader(packet.AsSpan(SctpPacket.HeaderLength));
        var types = new List<ChunkType>();
        while (chunks.TryReadChunk(out ChunkType type, out _, out _))
        {
            types.Add(type);
        }

        if (packet.Length <= MaxLength && types.Count <= 4)
        {
            Keep($"sctp-{string.Join("-", types).ToLowerInvariant()}.hex", packet);
        }
    }

    private void RecordDtls()
    {
        int datagrams = 0;
        var network = new SimulatedNetwork(1);
        network.Filter = datagram =>
        {
            Span<byte> rest = datagram.Bytes;
            while (RecordHeader.TryParse(rest, out RecordHeader header))
            {
                ReadOnlySpan<byte> record = rest[..(RecordHeader.EncodedLength + header.Length)];
                string name = header.Epoch == 1 ? "protected" : header.Type == ContentType.Handshake ? ((HandshakeType)record[RecordHeader.EncodedLength]).ToString() : "plain";
                Keep($"dtls-{header.Type}-{name}.hex".ToLowerInvariant(), record);
                rest = rest[record.Length..];
            }

            Keep($"dtls-datagram-{++datagrams:D2}.hex", datagram.Bytes);
            return true;
        };
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        A.Send([1, 2, 3]);
        network.Run(TimeSpan.FromSeconds(1));
        A.Connection.Close();
        network.Run(TimeSpan.FromSeconds(1));
    }

    private void RecordStun()
    {
        var network = new SimulatedNetwork(1);
        network.Filter = datagram =>
        {
            if (StunMessage.TryParse(datagram.Bytes, out StunMessage message))
            {
                string detail = message.TryGetAttribute(StunAttributeType.UseCandidate, out _) ? "-nomination" : datagram.From.IsIPv6 ? "-ipv6" : "";
                Keep($"stun-{message.Class}{detail}.hex".ToLowerInvariant(), datagram.Bytes);
            }

            return true;
        };
        (SimulatedPeer A, SimulatedPeer Z) = SimulatedPeer.CreatePair(network, 1, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
        network.Run(() => A.Connection.State == PeerConnectionState.Connected && Z.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(5));
        network.Run(TimeSpan.FromSeconds(10)); // consent checks
        var buffer = new byte[200];
        var id = StunTransactionId.Read(new byte[StunTransactionId.Length]);
        TransportAddress.TryParse("192.0.2.1", 5000, out TransportAddress address);
        Keep("stun-role-conflict.hex", buffer.AsSpan(0, StunResponse.Error(address, address, id, "password"u8.ToArray(), 487, "Role Conflict").Write(buffer)));
        Keep("stun-unknown-attribute.hex", buffer.AsSpan(0, StunResponse.UnknownAttributes(address, address, id, "password"u8.ToArray(), 0x7777).Write(buffer)));
    }

    private void RecordTexts()
    {
        var network = new SimulatedNetwork(1);
        var A = new SimulatedPeer(network, 1, DtlsPeer.CertificateA, "192.0.2.1", "2001:db8::1");
        var Z = new SimulatedPeer(network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        string offer = A.Connection.CreateOffer(network.Now);
        string answer = Z.Connection.AcceptOffer(network.Now, offer.Replace("m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:sound\r\nm=application", StringComparison.Ordinal));
        Keep("sdp-offer.txt", Encoding.UTF8.GetBytes(offer));
        Keep("sdp-answer.txt", Encoding.UTF8.GetBytes(answer));
        TransportAddress.TryParse("2001:db8::1", 5000, out TransportAddress ipv6);
        TransportAddress.TryParse("192.0.2.1", 5000, out TransportAddress ipv4);
        Keep("candidate-host.txt", Encoding.UTF8.GetBytes(IceCandidate.CreateHost(ipv6, ipv6, 1).ToString()));
        Keep("candidate-reflexive.txt", Encoding.UTF8.GetBytes(IceCandidate.CreateServerReflexive(ipv4, ipv4, 1).ToString()));
        Keep("candidate-relayed.txt", Encoding.UTF8.GetBytes(IceCandidate.CreateRelayed(ipv4, 1).ToString()));
        foreach ((string name, string url) in (ReadOnlySpan<(string, string)>)[("stun", "stun:stun.example.org"), ("turn", "turn:[2001:db8::1]:3478?transport=tcp"), ("turns", "turns:192.0.2.1:443")])
        {
            Keep($"server-{name}.txt", Encoding.UTF8.GetBytes(url));
        }

        Keep("dcep-reliable.hex", DcepOpen.Create("egoat", new()));
        Keep("dcep-unordered.hex", DcepOpen.Create("Zürich 🐐", new() { Ordered = false, MaxPacketLifeTime = 500, Protocol = "goat" }));
        Keep("dcep-retransmits.hex", DcepOpen.Create("", new() { MaxRetransmits = 3 }));
    }
}
