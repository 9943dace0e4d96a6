using System.Text.RegularExpressions;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Tests.Dtls;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Tests;

/// <summary>What a connection tells of itself: enough to find a fault, nothing secret, nothing that a console would obey.</summary>
public sealed class TraceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<TraceEvent> _events = [];
    private readonly Tracer _tracer = new();
    private readonly SimulatedNetwork _network = new(1);

    [Fact]
    public void A_connection_tells_of_its_way_through_all_layers()
    {
        Connect();
        Assert.Equal(["Connecting", "Connected"], Texts(TraceCategory.Connection));
        Assert.Contains("remote candidate 192.0.2.2:5000 (Host)", Texts(TraceCategory.Ice));
        Assert.Contains(Texts(TraceCategory.Ice), t => t.Contains("is selected (Host to Host)", StringComparison.Ordinal));
        Assert.Contains("Connected", Texts(TraceCategory.Ice));
        Assert.Contains(Texts(TraceCategory.Dtls), t => t.StartsWith("sends ", StringComparison.Ordinal) && t.EndsWith("ChangeCipherSpec, Finished", StringComparison.Ordinal));
        Assert.Contains("received Finished", Texts(TraceCategory.Dtls));
        Assert.Contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Texts(TraceCategory.Dtls));
        Assert.Contains("Established", Texts(TraceCategory.Sctp));
        Assert.Contains(Texts(TraceCategory.Channel), t => t.EndsWith("'egoat' Open", StringComparison.Ordinal));
        Assert.All(_events, e => Assert.Equal("A", e.Subject));
    }

    [Fact]
    public void Silence_is_told_with_what_was_tried_and_why_it_ended()
    {
        (SimulatedPeer A, _, DataChannel a) = Connect();
        _events.Clear();
        _network.Filter = _ => false;
        a.Send(_network.Now, "hi"u8, true);
        Assert.True(_network.Run(() => A.Connection.State == PeerConnectionState.Failed, TimeSpan.FromSeconds(60)), _network.Describe());
        Assert.Contains(Texts(TraceCategory.Sctp), t => t.StartsWith("T3 has expired after ", StringComparison.Ordinal) && t.EndsWith(" ms: 2 bytes in flight count as lost", StringComparison.Ordinal));
        Assert.Contains(Texts(TraceCategory.Ice), t => t.EndsWith("check, attempt 2, nominating", StringComparison.Ordinal) || t.EndsWith("check, attempt 2", StringComparison.Ordinal));
        Assert.Contains(Texts(TraceCategory.Ice), t => t.Contains(": no answer to 7 checks", StringComparison.Ordinal));
        Assert.Equal(["Disconnected", "The peer has not answered for 30 seconds.", "Failed"], Texts(TraceCategory.Connection));
    }

    [Fact]
    public void Lost_flights_show_as_repetitions()
    {
        int dropped = 0;
        _network.Filter = d => d.Bytes[0] <= 3 || d.From.ToString() != "192.0.2.1:5000" || ++dropped > 3;
        Connect();
        Assert.Contains("no answer for 250 ms: the flight is sent again", Texts(TraceCategory.Dtls));
    }

    [Fact]
    public void Closing_is_told_by_the_alert_that_comes()
    {
        (_, SimulatedPeer Z, _) = Connect();
        _events.Clear();
        Z.Connection.Close();
        Assert.True(_network.Run(() => Texts(TraceCategory.Connection).Contains("Closed"), Limit), _network.Describe());
        Assert.Contains(_events, e => e.Category is TraceCategory.Dtls or TraceCategory.Sctp);
    }

    [Fact]
    public void Nobody_who_listens_later_or_no_more_hears_anything()
    {
        (SimulatedPeer A, _, DataChannel a) = Connect();
        _tracer.Handler = null;
        int before = _events.Count;
        a.Close();
        _network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(before, _events.Count);
        _tracer.Handler = _events.Add;
        _network.Run(TimeSpan.FromSeconds(20));
        Assert.Contains(_events.Skip(before), e => e.Category == TraceCategory.Ice);
        Assert.Equal(PeerConnectionState.Connected, A.Connection.State);
    }

    [Fact]
    public void Labels_of_the_peer_are_told_as_they_are_and_cut()
    {
        (_, SimulatedPeer Z, _) = Connect();
        _events.Clear();
        Z.Connection.CreateDataChannel(_network.Now, "a\u001b[2Jb\u202ec\r\nd\u0085" + new string('x', 10_000));
        Assert.True(_network.Run(() => Texts(TraceCategory.Channel).Length > 0, Limit), _network.Describe());
        string text = Texts(TraceCategory.Channel)[0];
        Assert.Contains("'a\u001b[2Jb\u202ec\r\nd\u0085xxx", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1, Tracer.MaxTextLength + 20);
    }

    [Fact]
    public void No_password_of_either_side_is_told()
    {
        var offers = new List<string>();
        Connect(offers.Add);
        string[] secrets = [.. offers.SelectMany(o => Regex.Matches(o, "a=ice-(?:pwd|ufrag):(\\S+)").Select(m => m.Groups[1].Value))];
        Assert.Equal(4, secrets.Length);
        Assert.DoesNotContain(_events, e => secrets.Any(s => e.Text.Contains(s, StringComparison.Ordinal)));
    }

    [Fact]
    public void Nothing_is_allocated_while_nobody_listens()
    {
        var trace = new SubjectTrace(new Tracer(), "A");
        long Told() => MeasureTrace(trace, 1000);
        Told();
        Assert.Equal(0, Told());
    }

    private static long MeasureTrace(SubjectTrace trace, int count)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            trace.IfOn?.Write(TraceCategory.Sctp, $"{i} {SctpState.Established}");
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private string[] Texts(TraceCategory category) => [.. _events.Where(e => e.Category == category).Select(e => e.Text)];

    private (SimulatedPeer A, SimulatedPeer Z, DataChannel OfA) Connect(Action<string>? see = null)
    {
        _tracer.Handler = _events.Add;
        var A = new SimulatedPeer(_network, 1, DtlsPeer.CertificateA, new SubjectTrace(_tracer, "A"), "192.0.2.1");
        var Z = new SimulatedPeer(_network, 2, DtlsPeer.CertificateZ, "192.0.2.2");
        DataChannel a = A.Connection.CreateDataChannel(_network.Now, "egoat");
        string offer = A.Connection.CreateOffer(_network.Now);
        string answer = Z.Connection.AcceptOffer(_network.Now, offer);
        see?.Invoke(offer);
        see?.Invoke(answer);
        A.Connection.AcceptAnswer(_network.Now, answer);
        Assert.True(_network.Run(() => Z.Incoming.Count == 1 && A.Connection.State == PeerConnectionState.Connected, Limit), _network.Describe());
        return (A, Z, a);
    }
}
