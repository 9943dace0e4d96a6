using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.Tests;

// What comes from addresses that ICE has not validated: nothing of it is answered, and nothing of it counts.
public sealed class StrangerTests
{
    private static readonly TransportAddress Stranger = Parse("192.0.2.66");
    private static readonly TransportAddress Local = Parse("192.0.2.2");

    private readonly SimulatedNetwork _network = new(1);

    [Fact]
    public void Before_ICE_has_found_a_path_nothing_of_a_stranger_is_answered()
    {
        // What a whole connection says, and every cut of its first datagrams.
        var said = new List<byte[]>();
        _network.Filter = d =>
        {
            said.Add(d.Bytes.ToArray());
            return true;
        };
        (SimulatedPeer A, SimulatedPeer other) = SimulatedPeer.CreatePair(_network, 1, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
        A.Connection.CreateDataChannel(_network.Now, "egoat");
        Assert.True(_network.Run(() => other.Incoming.Count == 1, TimeSpan.FromSeconds(5)), _network.Describe());
        Assert.Contains(said, d => d[0] == 22);
        var random = new Random(1);
        said.AddRange(Enumerable.Range(0, 200).Select(i => new byte[random.Next(1, 1500)]));
        said.TakeLast(200).ToList().ForEach(random.NextBytes);

        foreach (bool hasDescription in (bool[])[false, true])
        {
            // Candidates of the peer are not known yet: whatever is sent would be an answer.
            var Z = new SimulatedPeer(_network, 9, DtlsPeer.CertificateZ, hasDescription ? "192.0.2.12" : "192.0.2.11");
            if (hasDescription)
            {
                string offer = new SimulatedPeer(_network, 10, DtlsPeer.CertificateA).Connection.CreateOffer(_network.Now);
                Z.Connection.AcceptOffer(_network.Now, offer);
            }
            else
            {
                Z.Connection.CreateOffer(_network.Now);
            }

            byte[] buffer = new byte[2000];
            foreach (byte[] datagram in said)
            {
                Z.Connection.HandleDatagram(_network.Now, Local, Stranger, [.. datagram]);
                Assert.False(Z.Connection.TryPollTransmit(_network.Now, buffer, out _));
            }

            Assert.False(Z.Connection.IsValidatedRemote(Stranger));
            Assert.Equal(0, Z.Connection.GetStats(_network.Now).Transport.PacketsReceived);
        }
    }

    [Fact]
    public void Records_of_a_standing_connection_that_come_from_elsewhere_do_not_count()
    {
        (SimulatedPeer A, SimulatedPeer Z) = SimulatedPeer.CreatePair(_network, 1, DtlsPeer.CertificateA, DtlsPeer.CertificateZ);
        DataChannel a = A.Connection.CreateDataChannel(_network.Now, "egoat");
        Assert.True(_network.Run(() => Z.Incoming.Count == 1, TimeSpan.FromSeconds(5)), _network.Describe());
        byte[] captured = [];
        _network.Filter = d =>
        {
            bool isData = d.To.Address.Equals(Z.Connection.GetStats(_network.Now).Transport.SelectedCandidatePair!.Local.Address.Address) && d.Bytes[0] == 23;
            captured = isData && captured.Length == 0 ? d.Bytes.ToArray() : captured;
            return !isData;
        };
        a.Send(_network.Now, "hi"u8, true);
        _network.Run(() => captured.Length > 0, TimeSpan.FromSeconds(1));
        long before = Z.Connection.GetStats(_network.Now).Transport.PacketsReceived;
        Z.Connection.HandleDatagram(_network.Now, Local, Stranger, [.. captured]);
        Assert.False(Z.Incoming[0].HasMessage);
        Assert.Equal(before, Z.Connection.GetStats(_network.Now).Transport.PacketsReceived);

        // From the peer's address it is what it is.
        Z.Connection.HandleDatagram(_network.Now, Local, Z.Connection.RemoteAddress!.Value, captured);
        Assert.True(Z.Incoming[0].HasMessage);
    }

    private static TransportAddress Parse(string text) => TransportAddress.TryParse(text, 5000, out TransportAddress address) ? address : throw new FormatException(text);
}
