using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Ice;

// What strangers, and peers without manners, can make an agent do.
public sealed class IceBoundsTests
{
    private const string SenderFragment = "sender12";
    private static readonly IceCredentials Sender = new(SenderFragment, "abcdefghijklmnopqrstuvwx");
    private static readonly TransportAddress Local = IcePeer.Parse("192.0.2.1");
    private static readonly TransportAddress Stranger = IcePeer.Parse("192.0.2.66");

    private readonly SimulatedNetwork _network = new(1);
    private readonly byte[] _buffer = new byte[512];

    public static TheoryData<string> Forgeries() => ["no username", "another username", "only our fragment", "another sender", "no integrity", "a wrong password", "integrity of zeros", "no fingerprint", "another method", "an indication", "truncated", "our own request"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void What_is_not_authenticated_is_not_answered_and_changes_nothing(string forgery)
    {
        IceAgent agent = CreateAgent();
        agent.SetRemoteCredentials(_network.Now, Sender);
        string username = forgery switch
        {
            "no username" => "",
            "another username" => $"stranger:{SenderFragment}",
            "only our fragment" => agent.LocalCredentials.UsernameFragment,
            "another sender" => $"{agent.LocalCredentials.UsernameFragment}:stranger",
            "our own request" => $"{SenderFragment}:{agent.LocalCredentials.UsernameFragment}",
            _ => $"{agent.LocalCredentials.UsernameFragment}:{SenderFragment}",
        };
        ushort method = (ushort)(forgery == "another method" ? 3 : StunMessage.BindingMethod);
        var writer = new StunMessageWriter(_buffer, forgery == "an indication" ? StunClass.Indication : StunClass.Request, method, new StunTransactionId(1, 2));
        if (username.Length > 0)
        {
            writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(username));
        }

        writer.Add(StunAttributeType.Priority, 0x6E0001FFu);
        writer.Add(StunAttributeType.UseCandidate, []);
        writer.Add(StunAttributeType.IceControlling, ulong.MaxValue);
        if (forgery == "integrity of zeros")
        {
            writer.Add(StunAttributeType.MessageIntegrity, new byte[20]);
        }

        bool hasIntegrity = forgery is not ("no integrity" or "integrity of zeros");
        string key = forgery switch
        {
            "a wrong password" => "not the password at all",
            "our own request" => Sender.Password,
            _ => agent.LocalCredentials.Password,
        };
        int length = hasIntegrity ? writer.Finish(Encoding.ASCII.GetBytes(key)) : writer.Finish();
        if (forgery == "no fingerprint")
        {
            length -= 8;
            _buffer[3] -= 8;
        }

        length -= forgery == "truncated" ? 4 : 0;
        string before = agent.ToString();
        Assert.True(agent.HandleDatagram(_network.Now, Local, Stranger, _buffer.AsSpan(0, length)));
        Assert.False(agent.TryPollTransmit(_network.Now, _buffer, out _));
        Assert.False(agent.TryPollTransmit(_network.Now + TimeSpan.FromSeconds(1), _buffer, out _));
        Assert.False(agent.IsValidatedRemote(Stranger));
        Assert.Equal(before, agent.ToString());
    }

    [Fact]
    public void Answers_are_hardly_larger_than_the_smallest_request_that_gets_them()
    {
        foreach (string kind in new[] { "success", "unknown attribute", "role conflict" })
        {
            foreach (string address in new[] { "192.0.2.66", "2001:db8::66" })
            {
                TransportAddress remote = IcePeer.Parse(address);
                IceAgent agent = CreateAgent();
                var writer = new StunMessageWriter(_buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
                writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes($"{agent.LocalCredentials.UsernameFragment}:"));
                if (kind == "unknown attribute")
                {
                    writer.Add((StunAttributeType)0x7FFF, []);
                }
                else if (kind == "role conflict")
                {
                    writer.Add(StunAttributeType.IceControlling, 0UL);
                }

                int length = writer.Finish(Encoding.ASCII.GetBytes(agent.LocalCredentials.Password));
                agent.HandleDatagram(_network.Now, Local, remote, _buffer.AsSpan(0, length));
                Assert.True(agent.TryPollTransmit(_network.Now, _buffer, out Transmit answer));
                Assert.Equal(remote, answer.Remote);
                Assert.InRange(answer.Length, 1, length * 1.25);
                Assert.False(agent.TryPollTransmit(_network.Now, _buffer, out _));
            }
        }
    }

    [Fact]
    public void A_check_that_is_replayed_from_a_forged_address_brings_little_to_the_victim()
    {
        IceAgent agent = CreateAgent();
        agent.SetRemoteCredentials(_network.Now, Sender);
        int length = StunRequests.Write(_buffer, agent.LocalCredentials, SenderFragment);
        byte[] captured = _buffer[..length];
        (long received, long sent) = (0, 0);
        for (int i = 0; i < 1_000; i++)
        {
            TimeSpan now = _network.Now + TimeSpan.FromMilliseconds(20 * i);
            agent.HandleDatagram(now, Local, Stranger, captured);
            received += length;
            agent.HandleTimeout(now);
            while (agent.TryPollTransmit(now, _buffer, out Transmit transmit))
            {
                sent += transmit.Length;
            }
        }

        Assert.InRange(sent, 1, received); // an answer each, which is smaller, and a few checks
        Assert.False(agent.HasSelectedPair);
    }

    [Fact]
    public void One_replayed_check_makes_one_answer_and_at_most_seven_checks()
    {
        IceAgent agent = CreateAgent();
        agent.SetRemoteCredentials(_network.Now, Sender);
        agent.HandleDatagram(_network.Now, Local, Stranger, _buffer.AsSpan(0, StunRequests.Write(_buffer, agent.LocalCredentials, SenderFragment)));
        int sent = 0;
        for (TimeSpan now = _network.Now; agent.NextTimeout is { } next && sent < 100; now = next > now ? next : now)
        {
            agent.HandleTimeout(now);
            while (agent.TryPollTransmit(now, _buffer, out _))
            {
                sent++;
            }
        }

        Assert.Equal(1 + new IceAgentOptions().MaxTransmissions, sent);
    }

    [Fact]
    public void Checks_that_come_before_the_description_are_bounded()
    {
        IceAgent agent = CreateAgent();
        for (int i = 0; i < 5_000; i++)
        {
            agent.HandleDatagram(_network.Now, Local, TransportAddress.FromBytes([10, 1, (byte)(i >> 8), (byte)i], 5000), _buffer.AsSpan(0, StunRequests.Write(_buffer, agent.LocalCredentials, SenderFragment)));
        }

        int answers = 0;
        while (agent.TryPollTransmit(_network.Now, _buffer, out _))
        {
            answers++;
        }

        Assert.Equal(16, answers);
        agent.SetRemoteCredentials(_network.Now, Sender);
        var checkedAddresses = new HashSet<TransportAddress>();
        for (TimeSpan now = _network.Now; now < TimeSpan.FromSeconds(40); now += TimeSpan.FromMilliseconds(20))
        {
            agent.HandleTimeout(now);
            while (agent.TryPollTransmit(now, _buffer, out Transmit transmit))
            {
                checkedAddresses.Add(transmit.Remote);
            }
        }

        Assert.Equal(new IceAgentOptions().MaxRemoteCandidates, checkedAddresses.Count);
    }

    [Fact]
    public void A_hundred_pairs_are_the_most_and_the_best_of_them_stay()
    {
        string[] addresses = [.. Enumerable.Range(1, 5).Select(i => $"192.0.2.{i}")];
        var A = new IcePeer(_network, true, 1, addresses);
        var pairs = new HashSet<(TransportAddress From, TransportAddress To)>();
        _network.Filter = d => pairs.Add((d.From, d.To));
        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        for (int i = 1; i <= 1000; i++)
        {
            Assert.True(IceCandidate.TryParse($"candidate:1 1 udp {i} 10.0.{i >> 8}.{i & 255} 1000 typ host", out IceCandidate? candidate));
            A.Agent.AddRemoteCandidate(_network.Now, candidate!);
        }

        _network.Run(TimeSpan.FromSeconds(40));
        Assert.Equal(new IceAgentOptions().MaxPairs, pairs.Count);
        Assert.Equal(64, pairs.Max(p => p.To.Address.GetAddressBytes()[3])); // the 64 that came first, and of them the best
        Assert.Equal(64 - (100 / 5) + 1, pairs.Min(p => p.To.Address.GetAddressBytes()[3]));
    }

    // RFC 8445 section 7.3.1.1: who has the larger tie-breaker controls.
    [Theory]
    [InlineData(true, 0, false)]
    [InlineData(true, ulong.MaxValue, true)]
    [InlineData(false, 0, true)]
    [InlineData(false, ulong.MaxValue, false)]
    public void A_role_conflict_is_settled_by_the_tie_breakers(bool isControlling, ulong tieBreaker, bool switches)
    {
        var agent = new IceAgent(isControlling, new IceAgentOptions(), new SeededEntropy(1));
        agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(Local, Local, 1));
        StunAttributeType sameRole = isControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        agent.HandleDatagram(_network.Now, Local, Stranger, _buffer.AsSpan(0, StunRequests.Write(_buffer, agent.LocalCredentials, SenderFragment, sameRole, tieBreaker)));
        Assert.True(agent.TryPollTransmit(_network.Now, _buffer, out Transmit answer));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, answer.Length), out StunMessage message));
        Assert.Equal(isControlling != switches, agent.IsControlling);
        bool isRefused = message.TryGetErrorCode(out int code);
        Assert.Equal((!switches, switches ? 0 : 487), (isRefused, code));
    }

    [Fact]
    public void A_path_that_was_dead_for_12_seconds_is_used_again()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var Z = new IcePeer(_network, false, 2, "192.0.2.2");
        A.SignalTo(Z, _network.Now);
        Z.SignalTo(A, _network.Now);
        _network.Run(TimeSpan.FromSeconds(60));
        _network.Filter = _ => false;
        _network.Run(TimeSpan.FromSeconds(12));
        _network.Filter = null;
        _network.Run(TimeSpan.FromSeconds(10));
        IceConnectionState[] expected = [IceConnectionState.Checking, IceConnectionState.Connected, IceConnectionState.Disconnected, IceConnectionState.Connected];
        Assert.Equal(expected, A.States);
        Assert.Equal(expected, Z.States);
    }

    [Fact]
    public void After_failure_nothing_is_sent_or_answered()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        _network.Filter = _ => false;
        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        _network.Run(TimeSpan.FromSeconds(31));
        Assert.Equal(IceConnectionState.Failed, A.Agent.State);
        A.Agent.HandleDatagram(_network.Now, Local, Stranger, _buffer.AsSpan(0, StunRequests.Write(_buffer, A.Agent.LocalCredentials, SenderFragment)));
        Assert.False(A.Agent.TryPollTransmit(_network.Now, _buffer, out _));
        Assert.Null(A.Agent.NextTimeout);
    }

    private IceAgent CreateAgent()
    {
        var agent = new IceAgent(isControlling: true, new IceAgentOptions(), new SeededEntropy(1));
        agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(Local, Local, 1));
        TransportAddress local6 = IcePeer.Parse("2001:db8::1");
        agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(local6, local6, 1));
        return agent;
    }
}
