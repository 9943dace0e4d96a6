using System.Text;
using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Ice;

// Which pairs are made, which of them is used, and when it is another one.
public sealed class IcePairTests
{
    private static readonly IceCredentials Sender = new("sender12", "abcdefghijklmnopqrstuvwx");
    private static readonly TransportAddress Local = IcePeer.Parse("192.0.2.1");
    private static readonly TransportAddress Remote = IcePeer.Parse("192.0.2.2");

    private readonly SimulatedNetwork _network = new(1);
    private readonly byte[] _buffer = new byte[512];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_better_pair_that_comes_later_takes_over_on_both_sides(bool areChecksFaster)
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1", "198.51.100.1");
        var Z = new IcePeer(_network, false, 2, "192.0.2.2");
        _network.Filter = d => d.From.ToString().StartsWith("198.51.100.1", StringComparison.Ordinal) || d.To.ToString().StartsWith("198.51.100.1", StringComparison.Ordinal);
        Signal(A, Z);
        AssertConnected(A, Z);
        _network.Run(TimeSpan.FromSeconds(30));
        Assert.Equal("198.51.100.1:5000", Z.Agent.SelectedRemote.ToString());
        long before = A.Agent.SelectedPairChanges;

        // A new interface, better than all before.
        TransportAddress better = IcePeer.Parse("203.0.113.2");
        _network.Attach(Z, better);
        IceCandidate candidate = IceCandidate.CreateHost(better, better, 65535);
        _network.Filter = null;
        Z.Agent.AddLocalCandidate(_network.Now, candidate);
        if (areChecksFaster)
        {
            _network.Run(TimeSpan.FromSeconds(1)); // A takes it for peer-reflexive, and not for better
        }

        A.Agent.AddRemoteCandidate(_network.Now, candidate);

        bool agree = _network.Run(() => A.Agent.SelectedRemote == better && Z.Agent.SelectedLocal == better && A.Agent.SelectedLocal == Z.Agent.SelectedRemote, TimeSpan.FromSeconds(5));
        Assert.True(agree, $"{A.Agent}; {Z.Agent}\n{_network.Describe()}");
        Assert.Equal([IceConnectionState.Checking, IceConnectionState.Connected], A.States);
        _network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(better, A.Agent.SelectedRemote);
        Assert.InRange(A.Agent.SelectedPairChanges - before, 1, 2);
    }

    [Fact]
    public void A_pair_that_has_failed_is_checked_again_when_the_peer_checks_it()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var Z = new IcePeer(_network, false, 2, "192.0.2.2");
        Z.SignalTo(A, _network.Now);
        _network.Filter = _ => false;
        _network.Run(TimeSpan.FromSeconds(20));
        Assert.Contains("Failed", A.Agent.ToString(), StringComparison.Ordinal);
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
        _network.Filter = null;
        A.SignalTo(Z, _network.Now);
        Assert.True(_network.Run(() => AreConnected(A, Z), TimeSpan.FromMilliseconds(10)), _network.Describe());
    }

    [Fact]
    public void A_check_counts_as_failed_after_seven_that_are_further_and_further_apart()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var times = new List<double>();
        _network.Filter = d =>
        {
            times.Add((d.Now - TimeSpan.FromSeconds(1)).TotalSeconds);
            return false;
        };
        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        A.Agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        _network.Run(TimeSpan.FromSeconds(29));
        Assert.Equal([0, 0.2, 0.6, 1.4, 3, 6.2, 9.4], times.Select(t => Math.Round(t, 3)));
    }

    [Fact]
    public void First_checks_are_20_ms_apart_and_go_to_the_best_pairs_first()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var checks = new List<(double Milliseconds, string To)>();
        _network.Filter = d =>
        {
            checks.Add(((d.Now - TimeSpan.FromSeconds(1)).TotalMilliseconds, d.To.Address.ToString()));
            return false;
        };
        for (int i = 1; i <= 5; i++)
        {
            Assert.True(IceCandidate.TryParse($"candidate:1 1 udp {i} 10.0.0.{i} 1000 typ host", out IceCandidate? candidate));
            A.Agent.AddRemoteCandidate(_network.Now, candidate!);
        }

        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        _network.Run(TimeSpan.FromMilliseconds(150));
        Assert.Equal([(0, "10.0.0.5"), (20, "10.0.0.4"), (40, "10.0.0.3"), (60, "10.0.0.2"), (80, "10.0.0.1")], checks);
    }

    // RFC 7675 section 5.1: what comes in gives no consent to send.
    [Fact]
    public void Consent_expires_when_only_the_answers_are_lost()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        _network.Run(TimeSpan.FromSeconds(30));
        TimeSpan cut = _network.Now;
        _network.Filter = d => d.To != Local || !StunMessage.TryParse(d.Bytes, out StunMessage message) || message.Class != StunClass.SuccessResponse;
        Assert.True(_network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(31)), _network.Describe());
        Assert.InRange(_network.Now - cut, TimeSpan.FromSeconds(24), TimeSpan.FromSeconds(30));
        _network.Run(TimeSpan.FromSeconds(1));
        long sent = _network.Count.Sent;
        _network.Run(() => Z.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(40));
        Assert.Equal(IceConnectionState.Failed, Z.Agent.State);
        Assert.True(_network.Count.Sent > sent); // Z's checks, which A does not answer
    }

    // RFC 7675 section 5.1: each 0.8 to 1.2 times five seconds after the one before.
    [Fact]
    public void Consent_checks_come_every_four_to_six_seconds_at_random()
    {
        CreateConnected();
        _network.Run(TimeSpan.FromSeconds(1));
        var times = new List<TimeSpan>();
        _network.Filter = d =>
        {
            if (d.From == Local && StunMessage.TryParse(d.Bytes, out StunMessage message) && message.Class == StunClass.Request)
            {
                times.Add(d.Now);
            }

            return true;
        };
        _network.Run(TimeSpan.FromMinutes(10));
        TimeSpan[] pauses = [.. times.Zip(times.Skip(1), (a, b) => b - a)];
        Assert.InRange(pauses.Length, 100, 150);
        Assert.All(pauses, p => Assert.InRange(p, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(6)));
        Assert.True(pauses.Max() - pauses.Min() > TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public void The_round_trip_is_not_measured_by_a_check_that_was_repeated()
    {
        IceAgent agent = CreateAgent(isControlling: false);
        agent.SetRemoteCredentials(_network.Now, Sender);
        agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        StunTransactionId id = PollCheck(agent, out _);
        TimeSpan later = _network.Now + TimeSpan.FromMilliseconds(200);
        Assert.Equal(id, PollCheck(agent, out _, later));
        agent.HandleDatagram(later + TimeSpan.FromMilliseconds(3), Local, Remote, Answer(id));
        Assert.True(agent.HasSelectedPair);
        Assert.Null(agent.RoundTripTime); // nobody knows which of the two it answers
    }

    [Fact]
    public void What_waits_to_be_answered_is_not_answered_after_failure()
    {
        IceAgent agent = CreateAgent(isControlling: true);
        agent.SetRemoteCredentials(_network.Now, Sender);
        agent.HandleDatagram(_network.Now, Local, Remote, _buffer.AsSpan(0, StunRequests.Write(_buffer, agent.LocalCredentials, Sender.UsernameFragment)));
        agent.HandleTimeout(_network.Now + TimeSpan.FromSeconds(31));
        Assert.Equal(IceConnectionState.Failed, agent.State);
        Assert.False(agent.TryPollTransmit(_network.Now + TimeSpan.FromSeconds(31), _buffer, out _));
    }

    // RFC 8445 section 7.2.5.2.1.
    [Fact]
    public void An_answer_from_another_address_fails_the_pair()
    {
        IceAgent agent = CreateChecking(isControlling: true);
        StunTransactionId id = PollCheck(agent, out _);
        agent.HandleDatagram(_network.Now, Local, Remote.WithPort(6000), Answer(id));
        Assert.Contains("Failed", agent.ToString(), StringComparison.Ordinal);
        Assert.False(agent.HasSelectedPair);
    }

    [Fact]
    public void A_pair_that_the_peer_refuses_fails_and_is_not_selected()
    {
        IceAgent agent = CreateChecking(isControlling: true);
        agent.HandleDatagram(_network.Now, Local, Remote, Answer(PollCheck(agent, out _), error: 400));
        Assert.Contains("Failed", agent.ToString(), StringComparison.Ordinal);
        Assert.False(agent.HasSelectedPair);
        Assert.False(agent.TryPollTransmit(_network.Now + TimeSpan.FromSeconds(5), _buffer, out _));
    }

    [Fact]
    public void An_answer_without_the_peers_password_is_no_answer()
    {
        IceAgent agent = CreateChecking(isControlling: true);
        StunTransactionId id = PollCheck(agent, out _);
        foreach (int error in new[] { 0, 400, 487 })
        {
            agent.HandleDatagram(_network.Now, Local, Remote, Answer(id, error, "not the password at all"));
            Assert.Contains("InProgress", agent.ToString(), StringComparison.Ordinal);
            Assert.True(agent.IsControlling);
        }

        agent.HandleDatagram(_network.Now, Local, Remote, Answer(id));
        Assert.True(agent.HasSelectedPair);
    }

    // RFC 8445 sections 7.2.5.1 and 16.1: the other role, and another tie-breaker.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_487_changes_role_and_tie_breaker_and_the_check_is_repeated_at_once(bool isControlling)
    {
        IceAgent agent = CreateChecking(isControlling);
        StunTransactionId id = PollCheck(agent, out (bool IsControlling, ulong TieBreaker) first);
        Assert.Equal(isControlling, first.IsControlling);
        agent.HandleDatagram(_network.Now, Local, Remote, Answer(id, error: 487));
        TimeSpan later = _network.Now + new IceAgentOptions().PacingInterval;
        Assert.NotEqual(id, PollCheck(agent, out (bool IsControlling, ulong TieBreaker) second, later));
        Assert.Equal((!isControlling, !isControlling), (agent.IsControlling, second.IsControlling));
        Assert.NotEqual(first.TieBreaker, second.TieBreaker);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_487_to_a_role_that_was_given_up_meanwhile_changes_nothing(bool isControlling)
    {
        IceAgent agent = CreateChecking(isControlling);
        StunTransactionId id = PollCheck(agent, out _);
        StunAttributeType sameRole = isControlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        int length = StunRequests.Write(_buffer, agent.LocalCredentials, Sender.UsernameFragment, sameRole, isControlling ? ulong.MaxValue : 0);
        agent.HandleDatagram(_network.Now, Local, Remote, _buffer.AsSpan(0, length));
        Assert.Equal(!isControlling, agent.IsControlling);
        agent.HandleDatagram(_network.Now, Local, Remote, Answer(id, error: 487));
        Assert.Equal(!isControlling, agent.IsControlling);
    }

    [Fact]
    public void The_check_that_a_487_has_answered_is_repeated_before_all_others()
    {
        IceAgent agent = CreateChecking(isControlling: true);
        StunTransactionId id = PollCheck(agent, out _);
        TransportAddress better = IcePeer.Parse("192.0.2.3");
        agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(better, better, 2));
        agent.HandleDatagram(_network.Now, Local, Remote, Answer(id, error: 487));
        Assert.True(agent.TryPollTransmit(_network.Now + TimeSpan.FromMilliseconds(20), _buffer, out Transmit next));
        Assert.Equal(Remote, next.Remote);
    }

    // RFC 8445 section 8.1.1.
    [Fact]
    public void The_first_pair_that_works_is_nominated_after_50_ms_when_a_better_one_is_still_checked()
    {
        IceAgent agent = CreateAgent(isControlling: true);
        TimeSpan now = AnswerWorseOfTwo(agent);
        Assert.Equal(Remote, agent.SelectedRemote); // data flows
        for (TimeSpan end = now + TimeSpan.FromMilliseconds(50); now < end; now += TimeSpan.FromMilliseconds(1))
        {
            agent.HandleTimeout(now);
            Assert.False(agent.TryPollTransmit(now, _buffer, out _));
        }

        Assert.Equal(now, agent.NextTimeout);
        agent.HandleTimeout(now);
        Assert.True(agent.TryPollTransmit(now, _buffer, out Transmit transmit));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, transmit.Length), out StunMessage check));
        Assert.Equal(Remote, transmit.Remote);
        Assert.True(check.TryGetAttribute(StunAttributeType.UseCandidate, out _));
    }

    [Fact]
    public void After_a_check_of_the_peer_the_pauses_begin_short_again()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var times = new List<double>();
        _network.Filter = d =>
        {
            if (StunMessage.TryParse(d.Bytes, out StunMessage message) && message.Class == StunClass.Request)
            {
                times.Add(Math.Round((d.Now - TimeSpan.FromSeconds(1)).TotalSeconds, 3));
            }

            return false;
        };
        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        A.Agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        _network.Run(TimeSpan.FromSeconds(7));
        Assert.Equal([0, 0.2, 0.6, 1.4, 3, 6.2], times);
        times.Clear();
        A.HandleDatagram(_network.Now, Local, Remote, _buffer.AsSpan(0, StunRequests.Write(_buffer, A.Agent.LocalCredentials, Sender.UsernameFragment)));
        _network.Run(TimeSpan.FromSeconds(3));
        Assert.Equal([7, 7.4, 8.2, 9.8], times);
    }

    [Fact]
    public void A_cable_that_was_out_for_longer_than_all_checks_of_a_round_is_not_too_late()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        _network.Run(TimeSpan.FromSeconds(21));
        _network.Filter = _ => false;
        _network.Run(TimeSpan.FromSeconds(21.5)); // the seventh check in vain was given up after 20
        Assert.Equal((IceConnectionState.Disconnected, IceConnectionState.Disconnected), (A.Agent.State, Z.Agent.State));
        _network.Filter = null;
        AssertConnected(A, Z);
        Assert.DoesNotContain(IceConnectionState.Failed, A.States.Concat(Z.States));
    }

    [Fact]
    public void An_end_of_candidates_does_not_outlive_a_restart()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        _network.Filter = _ => false;
        A.Agent.SetLocalEndOfCandidates();
        A.Agent.SetRemoteCredentials(_network.Now, Sender);
        A.Agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        A.Agent.SetRemoteEndOfCandidates();
        Assert.True(_network.Run(() => A.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(13)));
        A.Agent.Restart(_network.Now);
        Assert.False(A.Agent.HasRemoteEndOfCandidates);
        A.Agent.SetRemoteCredentials(_network.Now, Sender with { UsernameFragment = "sender34" });
        A.Agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        _network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
    }

    [Fact]
    public void An_address_that_was_only_told_is_not_validated()
    {
        IceAgent agent = CreateChecking(isControlling: true);
        StunTransactionId id = PollCheck(agent, out _);
        Assert.False(agent.IsValidatedRemote(Remote));
        agent.HandleDatagram(_network.Now, Local, Remote, Answer(id));
        Assert.True(agent.IsValidatedRemote(Remote));
        Assert.False(agent.IsValidatedRemote(Remote.WithPort(6000)));
    }

    // RFC 8489 section 6.3.1.
    [Fact]
    public void A_check_with_an_attribute_that_must_be_understood_and_is_not_gets_420_and_does_nothing_else()
    {
        IceAgent agent = CreateAgent(isControlling: false);
        agent.SetRemoteCredentials(_network.Now, Sender);
        var writer = new StunMessageWriter(_buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(1, 2));
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes($"{agent.LocalCredentials.UsernameFragment}:{Sender.UsernameFragment}"));
        writer.Add(StunAttributeType.Priority, 1u);
        writer.Add((StunAttributeType)0x8FFF, [1]);
        writer.Add((StunAttributeType)0x7FFE, [1]);
        agent.HandleDatagram(_network.Now, Local, Remote, _buffer.AsSpan(0, writer.Finish(Encoding.ASCII.GetBytes(agent.LocalCredentials.Password))));
        Assert.True(agent.TryPollTransmit(_network.Now, _buffer, out Transmit transmit));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, transmit.Length), out StunMessage answer));
        Assert.True(answer.TryGetErrorCode(out int code) && answer.TryGetAttribute(StunAttributeType.UnknownAttributes, out ReadOnlySpan<byte> unknown) && unknown.SequenceEqual<byte>([0x7F, 0xFE]));
        Assert.Equal(420, code);
        Assert.False(agent.IsValidatedRemote(Remote));
    }

    // With the policy "relay" a host's own address is none of its candidates, and its socket is bound all the same.
    [Fact]
    public void A_check_of_an_address_that_is_no_candidate_is_not_answered()
    {
        IceAgent agent = CreateAgent(isControlling: true);
        agent.SetRemoteCredentials(_network.Now, Sender);
        TransportAddress hidden = IcePeer.Parse("198.51.100.7");
        string before = agent.ToString();
        foreach (StunAttributeType role in new[] { StunAttributeType.IceControlled, StunAttributeType.IceControlling })
        {
            int length = StunRequests.Write(_buffer, agent.LocalCredentials, Sender.UsernameFragment, role, ulong.MaxValue);
            agent.HandleDatagram(_network.Now, hidden, Remote, _buffer.AsSpan(0, length));
            Assert.False(agent.TryPollTransmit(_network.Now, _buffer, out _));
            Assert.Equal(before, agent.ToString());
            Assert.False(agent.IsValidatedRemote(Remote));
        }

        agent.HandleDatagram(_network.Now, Local, Remote, _buffer.AsSpan(0, StunRequests.Write(_buffer, agent.LocalCredentials, Sender.UsernameFragment)));
        Assert.True(agent.TryPollTransmit(_network.Now, _buffer, out Transmit transmit));
        Assert.Equal((Local, Remote), (transmit.Local, transmit.Remote));
    }

    // Else a description would have the ports of this machine probed.
    [Theory]
    [InlineData("127.0.0.1", "192.0.2.1", "127.0.0.1")]
    [InlineData("::1", "2001:db8::1", "::1")]
    public void Loopback_addresses_are_checked_only_by_who_has_one_too(string remote, string local, string loopback)
    {
        foreach (bool hasLoopback in (bool[])[false, true])
        {
            var agent = new IceAgent(true, new IceAgentOptions(), new SeededEntropy(1));
            TransportAddress socket = IcePeer.Parse(IcePeer.Parse(local).IsIPv6 ? "::" : "0.0.0.0");
            agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(IcePeer.Parse(local), socket, 2));
            if (hasLoopback)
            {
                agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(IcePeer.Parse(loopback), socket, 1));
            }

            agent.SetRemoteCredentials(_network.Now, Sender);
            Assert.True(IceCandidate.TryParse($"candidate:1 1 udp 1 {remote} 22 typ host", out IceCandidate? candidate));
            agent.AddRemoteCandidate(_network.Now, candidate!);
            Assert.Equal(hasLoopback, agent.TryPollTransmit(_network.Now, _buffer, out _));
        }
    }

    // RFC 8445 section 7.1.1: PRIORITY is that of a peer-reflexive candidate, and a controlled agent does not nominate.
    [Fact]
    public void A_check_says_who_sends_it_in_which_role_and_with_which_priority()
    {
        foreach (bool isControlling in (bool[])[true, false])
        {
            IceAgent agent = CreateAgent(isControlling);
            agent.SetRemoteCredentials(_network.Now, Sender);
            agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
            Assert.True(agent.TryPollTransmit(_network.Now, _buffer, out Transmit transmit));
            Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, transmit.Length), out StunMessage check));
            Assert.True(check.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username));
            Assert.Equal($"{Sender.UsernameFragment}:{agent.LocalCredentials.UsernameFragment}", Encoding.ASCII.GetString(username));
            Assert.True(check.TryGetUInt32(StunAttributeType.Priority, out uint priority));
            Assert.Equal(IceCandidate.ComputePriority(IceCandidateType.PeerReflexive, 1), priority);
            Assert.Equal(isControlling, check.TryGetUInt64(StunAttributeType.IceControlling, out _));
            Assert.Equal(!isControlling, check.TryGetUInt64(StunAttributeType.IceControlled, out _));
            Assert.False(check.TryGetAttribute(StunAttributeType.UseCandidate, out _));
            Assert.True(check.VerifyIntegrity(Encoding.ASCII.GetBytes(Sender.Password)) && check.HasValidFingerprint());
        }
    }

    [Fact]
    public void Only_the_controlling_side_nominates_and_says_so_in_a_check_of_its_own()
    {
        var nominations = new List<string>();
        _network.Filter = d =>
        {
            if (StunMessage.TryParse(d.Bytes, out StunMessage message) && message.Class == StunClass.Request && message.TryGetAttribute(StunAttributeType.UseCandidate, out _))
            {
                nominations.Add(d.From.ToString());
            }

            return true;
        };
        CreateConnected();
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(["192.0.2.1:5000"], nominations);
    }

    [Fact]
    public void A_nomination_means_nothing_to_the_side_that_nominates()
    {
        IceAgent agent = CreateAgent(isControlling: true);
        Nominate(agent, AnswerWorseOfTwo(agent), Remote, StunAttributeType.IceControlled);
        Assert.DoesNotContain("nominated", agent.ToString(), StringComparison.Ordinal);
    }

    // A datagram that was under way while the controlling side chose again.
    [Fact]
    public void A_late_nomination_of_a_worse_pair_is_ignored_and_one_after_two_seconds_of_silence_is_not()
    {
        var agent = new IceAgent(false, new IceAgentOptions(), new SeededEntropy(1));
        agent.AddLocalCandidate(TimeSpan.Zero, IceCandidate.CreateHost(Local, Local, 1));
        agent.SetRemoteCredentials(TimeSpan.Zero, Sender);
        TransportAddress better = IcePeer.Parse("192.0.2.3");
        agent.AddRemoteCandidate(TimeSpan.Zero, IceCandidate.CreateHost(better, better, 2));
        agent.AddRemoteCandidate(TimeSpan.Zero, IceCandidate.CreateHost(Remote, Remote, 1));
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 2; i++, now += TimeSpan.FromMilliseconds(20))
        {
            Assert.True(agent.TryPollTransmit(now, _buffer, out Transmit check));
            Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, check.Length), out StunMessage message));
            agent.HandleDatagram(now, Local, check.Remote, Answer(message.TransactionId));
        }

        Nominate(agent, now, better);
        Assert.Equal(better, agent.SelectedRemote);
        Nominate(agent, now + TimeSpan.FromSeconds(1.99), Remote);
        Assert.Equal(better, agent.SelectedRemote);
        Nominate(agent, now + TimeSpan.FromSeconds(2), Remote);
        Assert.Equal(Remote, agent.SelectedRemote);
    }

    // RFC 8445 section 6.1.2.3.
    [Fact]
    public void Both_sides_give_a_pair_the_same_priority()
    {
        IceCandidate a = IceCandidate.CreateHost(Local, Local, 7);
        IceCandidate z = IceCandidate.CreateServerReflexive(Remote, Remote, 9);
        ulong ofA = new CandidatePair(a, z).GetPriority(isControlling: true);
        ulong ofZ = new CandidatePair(z, a).GetPriority(isControlling: false);
        Assert.Equal(((ulong)z.Priority << 32) + (2 * (ulong)a.Priority) + 1, ofA);
        Assert.Equal(ofA, ofZ);
        Assert.Equal(ofA - 1, new CandidatePair(a, z).GetPriority(isControlling: false));
    }

    private static bool AreConnected(IcePeer A, IcePeer Z) => A.Agent.State == IceConnectionState.Connected && Z.Agent.State == IceConnectionState.Connected;

    private static byte[] Answer(StunTransactionId id, int error = 0, string? password = null)
    {
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, error == 0 ? StunClass.SuccessResponse : StunClass.ErrorResponse, StunMessage.BindingMethod, id);
        if (error == 0)
        {
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, Local);
        }
        else
        {
            writer.AddErrorCode(error, "no"u8);
        }

        return buffer[..writer.Finish(Encoding.ASCII.GetBytes(password ?? Sender.Password))];
    }

    private static void Nominate(IceAgent agent, TimeSpan now, TransportAddress from, StunAttributeType role = StunAttributeType.IceControlling)
    {
        var buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.BindingMethod, new StunTransactionId(9, (ulong)now.Ticks));
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes($"{agent.LocalCredentials.UsernameFragment}:{Sender.UsernameFragment}"));
        writer.Add(StunAttributeType.Priority, 0x6E0001FFu);
        writer.Add(role, 1UL);
        writer.Add(StunAttributeType.UseCandidate, []);
        agent.HandleDatagram(now, Local, from, buffer.AsSpan(0, writer.Finish(Encoding.ASCII.GetBytes(agent.LocalCredentials.Password))));
    }

    // The better pair is checked, and the worse one works already.
    private TimeSpan AnswerWorseOfTwo(IceAgent agent)
    {
        agent.SetRemoteCredentials(_network.Now, Sender);
        TransportAddress better = IcePeer.Parse("192.0.2.3");
        agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(better, better, 2));
        agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        PollCheck(agent, out _);
        TimeSpan now = _network.Now + TimeSpan.FromMilliseconds(20);
        agent.HandleDatagram(now, Local, Remote, Answer(PollCheck(agent, out _, now)));
        return now;
    }

    private StunTransactionId PollCheck(IceAgent agent, out (bool IsControlling, ulong TieBreaker) role, TimeSpan? now = null)
    {
        Assert.True(agent.TryPollTransmit(now ?? _network.Now, _buffer, out Transmit transmit));
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, transmit.Length), out StunMessage check));
        bool isControlling = check.TryGetUInt64(StunAttributeType.IceControlling, out ulong tieBreaker);
        Assert.True(isControlling || check.TryGetUInt64(StunAttributeType.IceControlled, out tieBreaker));
        role = (isControlling, tieBreaker);
        return check.TransactionId;
    }

    private IceAgent CreateAgent(bool isControlling)
    {
        var agent = new IceAgent(isControlling, new IceAgentOptions(), new SeededEntropy(1));
        agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(Local, Local, 1));
        return agent;
    }

    // With one pair, whose check is due.
    private IceAgent CreateChecking(bool isControlling)
    {
        IceAgent agent = CreateAgent(isControlling);
        agent.SetRemoteCredentials(_network.Now, Sender);
        agent.AddRemoteCandidate(_network.Now, IceCandidate.CreateHost(Remote, Remote, 1));
        return agent;
    }

    private (IcePeer A, IcePeer Z) CreateConnected()
    {
        var A = new IcePeer(_network, true, 1, "192.0.2.1");
        var Z = new IcePeer(_network, false, 2, "192.0.2.2");
        Signal(A, Z);
        AssertConnected(A, Z);
        return (A, Z);
    }

    private void Signal(IcePeer A, IcePeer Z)
    {
        A.SignalTo(Z, _network.Now);
        Z.SignalTo(A, _network.Now);
    }

    private void AssertConnected(IcePeer A, IcePeer Z) => Assert.True(_network.Run(() => AreConnected(A, Z), TimeSpan.FromSeconds(20)), $"{A.Agent}; {Z.Agent}\n{_network.Describe()}");
}
