using System.Net;
using EGoat.Testing;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Ice;

// A gathers; S and T are servers.
public sealed class IceGathererTests
{
    private const string AddressA = "192.0.2.1";
    private const string AddressS = "198.51.100.1";
    private const string AddressT = "198.51.100.2";
    private const string Dead = "198.51.100.9";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly SimulatedNetwork _network = new(1);

    [Fact]
    public void A_STUN_server_tells_the_reflexive_address()
    {
        _ = new SimulatedTurnServer(_network, AddressS);
        var A = new GathererNode(_network, AddressA);
        A.AddStun(AddressS);
        Assert.False(A.Gatherer.IsComplete);
        Assert.True(_network.Run(() => A.Gatherer.IsComplete, TimeSpan.FromMilliseconds(3)), _network.Describe());
        IceCandidate candidate = Assert.Single(A.Events).Candidate!;
        Assert.Equal((IceCandidateType.ServerReflexive, A.Locals[0], A.Locals[0]), (candidate.Type, candidate.Address, candidate.Base));
        Assert.Null(candidate.RelatedAddress); // the base is not told to peers
    }

    [Fact]
    public void Lost_Binding_requests_are_repeated()
    {
        _ = new SimulatedTurnServer(_network, AddressS);
        int sent = 0;
        _network.Filter = _ => ++sent > 3; // A /lost/ -> S, three times
        var A = new GathererNode(_network, AddressA);
        A.AddStun(AddressS);
        Assert.True(_network.Run(() => A.Gatherer.IsComplete, TimeSpan.FromSeconds(4)), _network.Describe());
        Assert.Single(A.Found);
    }

    [Fact]
    public void A_dead_STUN_server_delays_the_others_candidates_by_nothing_and_is_told()
    {
        _ = new SimulatedTurnServer(_network, AddressS);
        var A = new GathererNode(_network, AddressA);
        A.AddStun(Dead);
        A.AddStun(AddressS);
        Assert.True(_network.Run(() => A.Found.Any(), TimeSpan.FromMilliseconds(3)), _network.Describe());
        Assert.False(A.Gatherer.IsComplete);
        Assert.True(_network.Run(() => A.Gatherer.IsComplete, Limit), _network.Describe());
        IceGathererEvent failure = Assert.Single(A.Events, e => e.Type == IceGathererEventType.ServerFailed);
        Assert.Equal($"The STUN server does not answer. ({Dead}:3478)", failure.Reason);
    }

    [Fact]
    public void A_dead_STUN_server_is_told_once_and_used_when_it_comes_back()
    {
        var S = new SimulatedTurnServer(_network, AddressS) { IsDead = true };
        var A = new GathererNode(_network, AddressA);
        A.AddStun(AddressS);
        _network.Run(TimeSpan.FromMinutes(10));
        Assert.Equal(IceGathererEventType.ServerFailed, Assert.Single(A.Events).Type);
        S.IsDead = false;
        Assert.True(_network.Run(() => A.Found.Any(), Limit), _network.Describe());
    }

    [Fact]
    public void Servers_that_see_the_same_address_make_one_candidate()
    {
        _ = new SimulatedTurnServer(_network, AddressS);
        var T = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.AddStun(AddressS);
        A.AddStun(AddressT);
        A.AddTurn(AddressT);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([$"{AddressA}:5000", $"{AddressT}:50000"], A.Found.Order());

        // T loses the allocation, and with it the reflexive address that S and T still see.
        T.Restart();
        _network.Run(TimeSpan.FromMinutes(20));
        Assert.Equal([$"{AddressT}:50000"], A.Events.Where(e => e.Type == IceGathererEventType.CandidateLost).Select(e => e.Candidate!.Address.ToString()));
        Assert.Equal([$"{AddressA}:5000", $"{AddressT}:50000", $"{AddressT}:50001"], A.Found.Order());
    }

    [Fact]
    public void Both_address_families_are_asked_for()
    {
        _ = new SimulatedTurnServer(_network, AddressS, "2001:db8::100");
        var A = new GathererNode(_network, AddressA, "2001:db8::1");
        A.AddTurn(AddressS);
        A.AddTurn("2001:db8::100");
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.True(A.Gatherer.IsComplete);
        Assert.Equal(["192.0.2.1:5000", "198.51.100.1:50000", "[2001:db8::100]:50001", "[2001:db8::1]:5000"], A.Found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_STUN_server_is_asked_over_IPv6_for_an_address_of_IPv6()
    {
        _ = new SimulatedTurnServer(_network, AddressS, "2001:db8::100");
        var A = new GathererNode(_network, AddressA, "2001:db8::1");
        A.AddStun(AddressS);
        A.AddStun("2001:db8::100");
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(["192.0.2.1:5000", "[2001:db8::1]:5000"], A.Found.Order(StringComparer.Ordinal));
        Assert.All(A.Events, e => Assert.Equal((IceCandidateType.ServerReflexive, e.Candidate!.Address), (e.Candidate.Type, e.Candidate.Base)));
    }

    [Fact]
    public void All_of_several_servers_are_asked_at_once_whichever_of_them_is_dead()
    {
        string[] servers = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"];
        for (int dead = 0; dead < servers.Length; dead++)
        {
            var network = new SimulatedNetwork(dead);
            SimulatedTurnServer[] all = [.. servers.Select(s => new SimulatedTurnServer(network, s))];
            all[dead].IsDead = true;
            var A = new GathererNode(network, AddressA);
            for (int i = 0; i < servers.Length; i++)
            {
                A.AddStun(servers[i]);
                A.AddTurn(servers[i]);
            }

            network.Run(TimeSpan.FromMilliseconds(10));
            Assert.Equal(1 + servers.Length - 1, A.Found.Count()); // one reflexive, and a relay of each that lives
            Assert.False(A.Gatherer.IsComplete);
            Assert.True(network.Run(() => A.Gatherer.IsComplete, Limit), network.Describe());
            Assert.Equal(2, A.Events.Count(e => e.Type == IceGathererEventType.ServerFailed));
        }
    }

    [Fact]
    public void A_server_whose_user_name_is_too_long_is_told_and_not_asked()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.Gatherer.AddTurn(A.Locals[0], new TransportAddress(IPAddress.Parse(AddressT), SimulatedTurnServer.Port), IceServerTransport.Udp, new string('g', 20_000), "cheese", tellsReflexive: true);
        A.DrainEvents();
        Assert.Equal($"The user name for the TURN server is too long. ({AddressT}:3478)", Assert.Single(A.Events).Reason);
        Assert.True(A.Gatherer.IsComplete);
        _network.Run(TimeSpan.FromMinutes(5));
        Assert.Empty(T.Requests);
    }

    // To a TURN server a socket is one client: the second would have the allocation of the first given back.
    [Fact]
    public void A_server_with_two_names_is_asked_once()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressT);
        A.AddStun(AddressT);
        A.AddTurn(AddressT, password: "milk");
        A.AddStun(AddressT);
        _network.Run(TimeSpan.FromMinutes(5));
        Assert.Equal([$"{AddressA}:5000", $"{AddressT}:50000"], A.Found.Order());
        Assert.Equal(2, A.Events.Count);
        Assert.All(T.Requests, r => Assert.Contains(r.ErrorCode, new[] { 0, 401 }));
        Assert.InRange(T.Requests.Count(r => r.Method == "Binding"), 19, 21);
    }

    [Theory]
    [InlineData("0.0.0.0", 5000)]
    [InlineData("224.0.0.1", 5000)]
    [InlineData("203.0.113.5", 0)]
    public void A_mapped_address_that_is_none_makes_no_candidate(string address, int port)
    {
        var binding = new StunBinding(new SeededEntropy(1));
        Assert.False(Answer(binding, TimeSpan.Zero, new TransportAddress(IPAddress.Parse(address), port)));
        Assert.Null(binding.MappedAddress);
        Assert.Equal("The STUN server tells no address.", binding.FailureReason);
        Assert.True(binding.IsSettled);
    }

    [Fact]
    public void A_mapping_that_changes_replaces_the_candidate()
    {
        var address = new TransportAddress(IPAddress.Parse("203.0.113.5"), 40_000);
        var binding = new StunBinding(new SeededEntropy(1));
        Assert.True(Answer(binding, TimeSpan.Zero, address));
        Assert.Equal(address, binding.MappedAddress);
        Assert.False(Answer(binding, TimeSpan.FromSeconds(15), address));
        Assert.True(Answer(binding, TimeSpan.FromSeconds(30), address.WithPort(40_001)));
        Assert.Equal(address.WithPort(40_001), binding.MappedAddress);
    }

    [Fact]
    public void A_STUN_server_is_asked_every_15_seconds_as_long_as_it_is_used()
    {
        var S = new SimulatedTurnServer(_network, AddressS);
        var A = new GathererNode(_network, AddressA);
        A.AddStun(AddressS);
        _network.Run(TimeSpan.FromMinutes(10));
        Assert.InRange(S.Requests.Count, 39, 41);
        Assert.Single(A.Events);
    }

    [Fact]
    public void An_answer_with_another_transaction_id_or_class_is_ignored()
    {
        var binding = new StunBinding(new SeededEntropy(1));
        var buffer = new byte[128];
        Assert.True(binding.TryPollTransmit(TimeSpan.Zero, buffer, out int length));
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, length), out StunMessage request));
        foreach ((StunClass @class, StunTransactionId id) in new[] { (StunClass.SuccessResponse, new StunTransactionId(1, 2)), (StunClass.Indication, request.TransactionId), (StunClass.Request, request.TransactionId) })
        {
            var writer = new StunMessageWriter(buffer, @class, StunMessage.BindingMethod, id);
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, new TransportAddress(IPAddress.Loopback, 1));
            Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Finish()), out StunMessage forged));
            Assert.False(binding.HandleMessage(TimeSpan.Zero, forged));
            Assert.Null(binding.MappedAddress);
        }
    }

    [Fact]
    public void A_TURN_server_gives_a_relayed_candidate_and_with_it_a_reflexive_one()
    {
        _ = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressT);
        _network.Run(TimeSpan.FromSeconds(1));
        IceCandidate relayed = A.Events.Single(e => e.Candidate!.Type == IceCandidateType.Relayed).Candidate!;
        Assert.Equal(relayed.Address, relayed.Base);
        Assert.Single(A.Events, e => e.Candidate!.Type == IceCandidateType.ServerReflexive);
    }

    [Fact]
    public void Only_the_relayed_candidate_is_told_when_the_own_address_is_to_stay_hidden()
    {
        _ = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressT, tellsReflexive: false);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(IceCandidateType.Relayed, Assert.Single(A.Events).Candidate!.Type);
    }

    [Fact]
    public void Datagrams_go_through_the_relay_that_they_are_sent_from()
    {
        _ = new SimulatedTurnServer(_network, AddressS);
        _ = new SimulatedTurnServer(_network, AddressT);
        var Z = new SimulatedHost(_network, "192.0.2.2") { Echoes = true };
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressS);
        A.AddTurn(AddressT);
        _network.Run(TimeSpan.FromSeconds(1));
        var buffer = new byte[256];
        foreach (TransportAddress relayed in new[] { new TransportAddress(IPAddress.Parse(AddressT), 50_000), new TransportAddress(IPAddress.Parse(AddressS), 50_000) })
        {
            Assert.False(A.Gatherer.Relay(_network.Now, relayed, Z.Address, [99], buffer, out _)); // it waits for the permission
            _network.Run(TimeSpan.FromSeconds(1));
            Assert.Equal(relayed, Z.Received[^1].From);
            Assert.Equal((relayed, Z.Address), (A.Received[^1].Relayed, A.Received[^1].Peer));
        }

        Assert.False(A.Gatherer.Relay(_network.Now, A.Locals[0], Z.Address, [99], buffer, out _));
        Assert.InRange(buffer.Length, TurnClient.MaxOverhead, 1000);
    }

    [Fact]
    public void A_relay_over_UDP_is_preferred_to_one_over_TCP_and_that_to_one_over_TLS()
    {
        _ = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA, "192.0.2.11", "192.0.2.12");
        var server = new TransportAddress(IPAddress.Parse(AddressT), SimulatedTurnServer.Port);
        IceServerTransport[] transports = [IceServerTransport.Tls, IceServerTransport.Tcp, IceServerTransport.Udp];
        for (int i = 0; i < transports.Length; i++)
        {
            A.Gatherer.AddTurn(A.Locals[i], server, transports[i], SimulatedTurnServer.Username, SimulatedTurnServer.Password, tellsReflexive: false);
        }

        _network.Run(TimeSpan.FromSeconds(1));
        ushort[] byPriority = [.. A.Events.Select(e => e.Candidate!).OrderByDescending(c => c.Priority).Select(c => c.Address.Port)];
        Assert.Equal([50_002, 50_001, 50_000], byPriority); // TLS asked first, UDP last
    }

    [Fact]
    public void A_failure_is_told_once_with_the_servers_address()
    {
        _ = new SimulatedTurnServer(_network, AddressT) { RefusesUdp = true };
        _ = new SimulatedTurnServer(_network, AddressS);
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressT);
        A.AddTurn(AddressS, password: "milk");
        _network.Run(TimeSpan.FromHours(1));
        Assert.True(A.Gatherer.IsComplete);
        Assert.Equal(
            [$"The TURN server refuses the user name or password. ({AddressS}:3478)", $"The TURN server refuses with 442 Unsupported Transport Protocol. ({AddressT}:3478)"],
            A.Events.Select(e => e.Reason!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_candidates_of_a_stream_that_has_ended_are_lost()
    {
        _ = new SimulatedTurnServer(_network, AddressT);
        var A = new GathererNode(_network, AddressA);
        A.AddTurn(AddressT);
        _network.Run(TimeSpan.FromSeconds(1));
        A.Events.Clear();
        A.Gatherer.Remove(A.Locals[0]);
        A.DrainEvents();
        Assert.Equal(
            [IceGathererEventType.CandidateLost, IceGathererEventType.CandidateLost, IceGathererEventType.ServerFailed],
            A.Events.Select(e => e.Type));
        Assert.Null(A.NextTimeout);
        Assert.False(A.Gatherer.IsServer(A.Locals[0], new TransportAddress(IPAddress.Parse(AddressT), SimulatedTurnServer.Port)));
    }

    [Fact]
    public void Closing_gives_every_allocation_back()
    {
        var T = new SimulatedTurnServer(_network, AddressT, "2001:db8::100");
        var A = new GathererNode(_network, AddressA, "2001:db8::1");
        A.AddTurn(AddressT);
        A.AddTurn("2001:db8::100");
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(2, T.AllocationCount);
        A.Gatherer.Close();
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, T.AllocationCount);
    }

    private static bool Answer(StunBinding binding, TimeSpan now, TransportAddress mapped)
    {
        var buffer = new byte[128];
        Assert.True(binding.TryPollTransmit(now, buffer, out int length));
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, length), out StunMessage request));
        var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMessage.BindingMethod, request.TransactionId);
        writer.AddXorAddress(StunAttributeType.XorMappedAddress, mapped);
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Finish()), out StunMessage response));
        return binding.HandleMessage(now, response);
    }
}
