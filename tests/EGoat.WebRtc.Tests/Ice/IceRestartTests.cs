using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Ice;

public sealed class IceRestartTests
{
    private const string AddressA = "192.0.2.1";
    private const string AddressZ = "192.0.2.2";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SimulatedNetwork _network = new(1);

    [Fact]
    public void Both_credentials_are_new_and_the_roles_stay()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        IceCredentials before = A.Agent.LocalCredentials;
        A.Agent.Restart(_network.Now);
        Assert.NotEqual(before.UsernameFragment, A.Agent.LocalCredentials.UsernameFragment);
        Assert.NotEqual(before.Password, A.Agent.LocalCredentials.Password);
        Z.Agent.Restart(_network.Now);
        Signal(A, Z);
        AssertConnected(A, Z);
        Assert.True(A.Agent.IsControlling && !Z.Agent.IsControlling);
        Assert.Equal([IceConnectionState.Checking, IceConnectionState.Connected, IceConnectionState.Checking, IceConnectionState.Connected], A.States);
    }

    [Fact]
    public void The_old_pair_works_for_as_long_as_signaling_takes()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        A.Agent.Restart(_network.Now);
        bool isLost = _network.Run(() => !A.Agent.HasSelectedPair || Z.Agent.State != IceConnectionState.Connected, TimeSpan.FromMinutes(10));
        Assert.False(isLost, _network.Describe());
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);

        Z.Agent.Restart(_network.Now);
        Signal(A, Z);
        AssertConnected(A, Z);
        isLost = _network.Run(() => !AreConnected(A, Z), TimeSpan.FromMinutes(10));
        Assert.False(isLost, _network.Describe());
    }

    [Fact]
    public void Consent_for_the_old_pair_expires_as_ever()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        A.Agent.Restart(_network.Now);
        _network.Run(TimeSpan.FromMinutes(1));
        _network.Filter = _ => false;
        Assert.True(_network.Run(() => !A.Agent.HasSelectedPair, TimeSpan.FromSeconds(31)), _network.Describe());
        Assert.Equal(IceConnectionState.Failed, A.Agent.State);
        Assert.True(_network.Run(() => Z.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(31)), _network.Describe());
    }

    [Fact]
    public void After_the_peers_new_credentials_there_is_time_for_checks_even_when_the_old_pair_is_dead()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        _network.Filter = _ => false;
        Assert.True(_network.Run(() => A.Agent.State == IceConnectionState.Disconnected, TimeSpan.FromSeconds(12)), _network.Describe());
        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        _network.Run(TimeSpan.FromSeconds(25));
        Signal(A, Z);
        _network.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(IceConnectionState.Checking, A.Agent.State);
        Assert.False(A.Agent.HasSelectedPair); // no consent: nothing may be sent there
        _network.Filter = null;
        AssertConnected(A, Z);
    }

    [Fact]
    public void A_failed_agent_is_revived()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        _network.Filter = _ => false;
        Assert.True(_network.Run(() => A.Agent.State == IceConnectionState.Failed && Z.Agent.State == IceConnectionState.Failed, TimeSpan.FromSeconds(40)), _network.Describe());
        _network.Filter = null;
        A.Agent.Restart(_network.Now);
        Assert.False(A.Agent.HasSelectedPair);
        Z.Agent.Restart(_network.Now);
        Signal(A, Z);
        AssertConnected(A, Z);
    }

    [Fact]
    public void A_host_that_has_moved_to_another_network_is_found_there()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        _network.Detach(IcePeer.Parse(AddressA));
        _network.Filter = d => d.From != IcePeer.Parse(AddressA);
        TransportAddress moved = IcePeer.Parse("198.51.100.1");
        _network.Attach(A, moved);
        A.Agent.AddLocalCandidate(_network.Now, IceCandidate.CreateHost(moved, moved, 1));
        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        Signal(A, Z);
        AssertConnected(A, Z);
        Assert.Equal((moved, moved), (A.Agent.SelectedLocal, Z.Agent.SelectedRemote));
    }

    [Fact]
    public void The_new_session_may_choose_another_pair_and_what_is_still_under_way_on_the_old_one_is_taken()
    {
        (IcePeer A, IcePeer Z) = CreateConnected("2001:db8::1", "2001:db8::2");
        TransportAddress old = Z.Agent.SelectedRemote;
        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        A.Agent.SetRemoteCredentials(_network.Now, Z.Agent.LocalCredentials);
        Z.Agent.SetRemoteCredentials(_network.Now, A.Agent.LocalCredentials);
        A.Agent.AddRemoteCandidate(_network.Now, Z.Agent.LocalCandidates.Single(c => c.Address.IsIPv6 != old.IsIPv6));
        AssertConnected(A, Z);
        Assert.NotEqual(old.IsIPv6, Z.Agent.SelectedRemote.IsIPv6);
        Assert.True(Z.Agent.IsValidatedRemote(old));
        _network.Run(TimeSpan.FromSeconds(11));
        Assert.False(Z.Agent.IsValidatedRemote(old));
        Assert.True(AreConnected(A, Z));
    }

    [Fact]
    public void While_the_new_session_finds_nothing_the_old_pair_goes_on()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        string[] isNew = [A.Agent.LocalCredentials.UsernameFragment, Z.Agent.LocalCredentials.UsernameFragment];
        _network.Filter = d => !StunMessage.TryReadLocalUfrag(d.Bytes, out ReadOnlySpan<byte> ufrag) || !isNew.Contains(System.Text.Encoding.ASCII.GetString(ufrag));
        A.Agent.SetLocalEndOfCandidates();
        Z.Agent.SetLocalEndOfCandidates();
        Signal(A, Z);
        bool isLost = _network.Run(() => !A.Agent.HasSelectedPair || !Z.Agent.HasSelectedPair, TimeSpan.FromMinutes(5));
        Assert.False(isLost, _network.Describe());
        Assert.Equal((IceConnectionState.Checking, IceConnectionState.Checking), (A.Agent.State, Z.Agent.State));

        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        Signal(A, Z);
        AssertConnected(A, Z);
    }

    [Fact]
    public void Restarts_agree_on_a_pair_whatever_is_lost()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var network = new SimulatedNetwork(seed, NetworkConditions.Terrible);
            var A = new IcePeer(network, true, (2 * seed) + 1, AddressA, "2001:db8::1");
            var Z = new IcePeer(network, false, (2 * seed) + 2, AddressZ, "2001:db8::2");
            for (int round = 0; round < 4; round++)
            {
                A.SignalTo(Z, network.Now);
                network.Run(TimeSpan.FromMilliseconds(100 * (seed % 5)));
                Z.SignalTo(A, network.Now);
                bool agree = network.Run(
                    () => AreConnected(A, Z) && A.Agent.SelectedRemote == Z.Agent.SelectedLocal && A.Agent.SelectedLocal == Z.Agent.SelectedRemote,
                    TimeSpan.FromSeconds(30));
                Assert.True(agree, $"{A.Agent}; {Z.Agent}\n{network.Describe()}");
                network.Run(TimeSpan.FromSeconds(3));
                A.Agent.Restart(network.Now);
                network.Run(TimeSpan.FromMilliseconds(100 * (seed % 3)));
                Z.Agent.Restart(network.Now);
            }
        }
    }

    [Fact]
    public void Checks_of_the_old_session_make_no_pairs_and_are_answered_only_on_the_old_one()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        IceCredentials oldA = A.Agent.LocalCredentials;
        IceCredentials oldZ = Z.Agent.LocalCredentials;
        A.Agent.Restart(_network.Now);
        Drain(A);
        var buffer = new byte[256];
        int length = StunRequests.Write(buffer, oldA, oldZ.UsernameFragment);
        TransportAddress local = IcePeer.Parse(AddressA);
        A.Agent.HandleDatagram(_network.Now, local, IcePeer.Parse("192.0.2.66"), buffer.AsSpan(0, length));
        Assert.False(A.Agent.TryPollTransmit(_network.Now, buffer, out _));
        Assert.False(A.Agent.IsValidatedRemote(IcePeer.Parse("192.0.2.66")));

        length = StunRequests.Write(buffer, oldA, oldZ.UsernameFragment);
        A.Agent.HandleDatagram(_network.Now, local, IcePeer.Parse(AddressZ), buffer.AsSpan(0, length));
        Assert.True(A.Agent.TryPollTransmit(_network.Now, buffer, out Transmit answer));
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, answer.Length), out StunMessage message));
        Assert.True(message.Class == StunClass.SuccessResponse && message.VerifyIntegrity(System.Text.Encoding.ASCII.GetBytes(oldA.Password)));
    }

    [Fact]
    public void A_candidate_of_the_old_session_that_comes_late_is_ignored()
    {
        (IcePeer A, IcePeer Z) = CreateConnected();
        string old = Z.Agent.LocalCredentials.UsernameFragment;
        A.Agent.Restart(_network.Now);
        Z.Agent.Restart(_network.Now);
        TransportAddress stale = IcePeer.Parse("192.0.2.77");
        IceCandidate candidate = IceCandidate.CreateHost(stale, stale, 1) with { UsernameFragment = old };
        _network.Filter = d => d.To != stale ? true : throw new InvalidOperationException(d.ToString());
        A.Agent.AddRemoteCandidate(_network.Now, candidate);
        Signal(A, Z);
        A.Agent.AddRemoteCandidate(_network.Now, candidate);
        AssertConnected(A, Z);
        _network.Run(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_closed_agent_stays_closed_and_a_new_one_stays_new()
    {
        (IcePeer A, _) = CreateConnected();
        A.Agent.Close();
        A.Agent.Restart(_network.Now);
        Assert.Equal(IceConnectionState.Closed, A.Agent.State);
        var N = new IcePeer(_network, true, 3, "192.0.2.3");
        N.Agent.Restart(_network.Now);
        _network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(IceConnectionState.New, N.Agent.State);
    }

    private static bool AreConnected(IcePeer A, IcePeer Z) => A.Agent.State == IceConnectionState.Connected && Z.Agent.State == IceConnectionState.Connected;

    private (IcePeer A, IcePeer Z) CreateConnected(params string[] more)
    {
        var A = new IcePeer(_network, true, 1, [AddressA, .. more.Take(1)]);
        var Z = new IcePeer(_network, false, 2, [AddressZ, .. more.Skip(1)]);
        Signal(A, Z);
        AssertConnected(A, Z);
        _network.Run(TimeSpan.FromSeconds(1));
        return (A, Z);
    }

    private void Signal(IcePeer A, IcePeer Z)
    {
        A.SignalTo(Z, _network.Now);
        Z.SignalTo(A, _network.Now);
    }

    private void AssertConnected(IcePeer A, IcePeer Z) => Assert.True(_network.Run(() => AreConnected(A, Z), Limit), $"{A.Agent}; {Z.Agent}\n{_network.Describe()}");

    private void Drain(IcePeer peer)
    {
        while (peer.TryPollTransmit(_network.Now, new byte[256], out _))
        {
        }
    }
}
