using System.Text;
using System.Text.RegularExpressions;
using EGoat.Testing;
using EGoat.WebRtc.Tests.Dtls;

namespace EGoat.WebRtc.Tests;

// Descriptions that a hostile peer or signaling server makes: refused with a reason, or taken for what is right in them.
public sealed class HostileDescriptionTests
{
    private readonly SimulatedNetwork _network = new(1);
    private readonly SimulatedPeer _A;
    private readonly SimulatedPeer _Z;
    private readonly string _offer;

    public HostileDescriptionTests()
    {
        _A = new SimulatedPeer(_network, 1, DtlsPeer.CertificateA, "192.0.2.1");
        _Z = new SimulatedPeer(_network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        _offer = _A.Connection.CreateOffer(_network.Now);
    }

    [Fact]
    public void A_description_of_a_megabyte_is_refused()
    {
        string offer = _offer + string.Concat(Enumerable.Repeat("a=x-padding:0123456789\r\n", 50_000));
        Assert.Contains("not a session description", Assert.Throws<FormatException>(() => _Z.Connection.AcceptOffer(_network.Now, offer)).Message, StringComparison.Ordinal);
        AssertConnects(_offer); // and it has changed nothing
    }

    [Fact]
    public void Of_a_thousand_candidates_64_are_checked_and_none_that_is_no_host()
    {
        var lines = new StringBuilder();
        for (int i = 0; i < 1000; i++)
        {
            string address = (i % 5) switch { 0 => "127.0.0.1", 1 => "224.0.0.1", 2 => "255.255.255.255", 3 => "8b2d3a6c.local", _ => $"10.0.{i >> 8}.{i & 255}" };
            lines.Append(System.Globalization.CultureInfo.InvariantCulture, $"a=candidate:{i} 1 udp {i + 1} {address} {1000 + i} typ host\r\n");
        }

        var checkedAddresses = new HashSet<TransportAddress>();
        _network.Filter = d => checkedAddresses.Add(d.To);
        string offer = Regex.Replace(_offer, "a=candidate:.*\r\n", "") + lines;
        Assert.InRange(offer.Length, 1, 64 * 1024);
        _Z.Connection.AcceptOffer(_network.Now, offer);
        for (int i = 0; i < 1000; i++)
        {
            _Z.Connection.AddRemoteCandidate(_network.Now, $"candidate:{i} 1 udp {i + 1} 10.1.{i >> 8}.{i & 255} {1000 + i} typ host");
        }

        _network.Run(TimeSpan.FromSeconds(40));
        Assert.Equal(64 - 13, checkedAddresses.Count); // 13 of the first 64 are loopback
        Assert.All(checkedAddresses, a => Assert.StartsWith("10.", a.ToString(), StringComparison.Ordinal));
        Assert.InRange(_network.Count.Sent, 51, 51 * 7);
    }

    [Theory]
    [InlineData("a=fingerprint:sha-1 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD\r\n")]
    [InlineData("a=fingerprint:sha-256 AA\r\n")]
    [InlineData("a=fingerprint:sha-256 " + "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n")]
    public void A_fingerprint_that_vouches_for_nothing_ends_the_connection(string line)
    {
        string answer = _Z.Connection.AcceptOffer(_network.Now, Regex.Replace(_offer, "a=fingerprint:.*\r\n", line));
        _A.Connection.AcceptAnswer(_network.Now, answer);
        Assert.True(_network.Run(() => _Z.Connection.State == PeerConnectionState.Failed, TimeSpan.FromSeconds(5)), _network.Describe());
        Assert.Contains("fingerprint", _Z.Connection.EndReason, StringComparison.Ordinal);
        Assert.Empty(_Z.Incoming);
    }

    [Theory]
    [InlineData("a=fingerprint:sha-256 nonsense\r\n")]
    [InlineData("a=fingerprint:\r\n")]
    [InlineData("a=fingerprint:sha-256 AA-BB\r\n")]
    [InlineData("a=fingerprint:sha-256\r\n")]
    [InlineData("")]
    public void A_description_without_a_readable_fingerprint_is_refused(string line)
    {
        string offer = Regex.Replace(_offer, "a=fingerprint:.*\r\n", line);
        Assert.Contains("no fingerprint", Assert.Throws<FormatException>(() => _Z.Connection.AcceptOffer(_network.Now, offer)).Message, StringComparison.Ordinal);
    }

    // RFC 8122 section 5.1: a weak hash that fits does not help against a strong one that does not.
    [Fact]
    public void Of_several_fingerprints_the_strongest_kind_counts()
    {
        byte[] der = DtlsPeer.CertificateA.Der.ToArray();
        string right = $"a=fingerprint:{WebRtc.Dtls.DtlsFingerprint.Compute("sha-256", der)}\r\n";
        string wrong = $"a=fingerprint:{WebRtc.Dtls.DtlsFingerprint.Compute("sha-512", "another"u8)}\r\n";
        string answer = _Z.Connection.AcceptOffer(_network.Now, Regex.Replace(_offer, "a=fingerprint:.*\r\n", right + wrong));
        _A.Connection.AcceptAnswer(_network.Now, answer);
        Assert.True(_network.Run(() => _Z.Connection.State == PeerConnectionState.Failed, TimeSpan.FromSeconds(5)), _network.Describe());
    }

    [Fact]
    public void Of_many_fingerprints_the_first_eight_count()
    {
        string right = Regex.Match(_offer, "a=fingerprint:.*\r\n").Value;
        string unknown = string.Concat(Enumerable.Repeat("a=fingerprint:sha3-256 00\r\n", 8));
        Assert.Equal(8, Sdp.SessionDescription.TryParse(Regex.Replace(_offer, "a=fingerprint:.*\r\n", unknown + right), out Sdp.SessionDescription description, out _) ? description.Fingerprints.Count : 0);
        Assert.DoesNotContain(description.Fingerprints, f => f.IsSupported);
    }

    [Theory]
    [InlineData("a=setup:\r\n")]
    [InlineData("a=setup:holdconn\r\n")]
    [InlineData("a=setup:both\r\n")]
    [InlineData("")]
    public void An_offer_with_a_bad_setup_leaves_the_choice_and_an_answer_with_one_is_refused(string line)
    {
        string answer = _Z.Connection.AcceptOffer(_network.Now, Regex.Replace(_offer, "a=setup:.*\r\n", line));
        Assert.Contains("a=setup:active\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("a=setup", Assert.Throws<FormatException>(() => _A.Connection.AcceptAnswer(_network.Now, Regex.Replace(answer, "a=setup:.*\r\n", line))).Message, StringComparison.Ordinal);
        _A.Connection.AcceptAnswer(_network.Now, answer);
        Assert.True(_network.Run(() => _A.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(5)), _network.Describe());
    }

    [Fact]
    public void Cut_and_damaged_descriptions_are_refused_or_understood_and_nothing_else()
    {
        for (int seed = 0; seed < 3_000; seed++)
        {
            var random = new Random(seed);
            char[] text = _offer[..random.Next(_offer.Length / 2, _offer.Length + 1)].ToCharArray();
            for (int i = random.Next(6); i > 0; i--)
            {
                text[random.Next(text.Length)] = (char)random.Next(random.Next(2) == 0 ? 128 : 0x10000);
            }

            using var connection = new PeerConnection(new PeerConnectionOptions { Certificate = DtlsPeer.CertificateZ }, new SeededEntropy(seed));
            try
            {
                Assert.StartsWith("v=0", connection.AcceptOffer(TimeSpan.Zero, new string(text)), StringComparison.Ordinal);
            }
            catch (FormatException e)
            {
                Assert.StartsWith("The peer's offer cannot be used: it ", e.Message, StringComparison.Ordinal);
            }
        }
    }

    private void AssertConnects(string offer)
    {
        _A.Connection.AcceptAnswer(_network.Now, _Z.Connection.AcceptOffer(_network.Now, offer));
        Assert.True(_network.Run(() => _A.Connection.State == PeerConnectionState.Connected && _Z.Connection.State == PeerConnectionState.Connected, TimeSpan.FromSeconds(5)), _network.Describe());
    }
}
