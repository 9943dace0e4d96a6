using EGoat.Testing;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Tests.Turn;

// A is the client, Z a host without TURN, T the server.
public sealed class TurnClientTests
{
    private const string AddressA = "192.0.2.1";
    private const string AddressZ = "192.0.2.2";
    private const string AddressT = "198.51.100.1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly SimulatedNetwork _network = new(1);

    [Theory]
    [InlineData("192.0.2.1", "198.51.100.1")]
    [InlineData("2001:db8::1", "2001:db8::100")]
    public void An_allocation_is_made_once_the_server_has_told_realm_and_nonce(string client, string server)
    {
        var T = new SimulatedTurnServer(_network, server);
        var A = new TurnPeer(_network, client, server);
        RunUntilAllocated(A);
        Assert.Equal(["Allocate 401", "Allocate 0"], T.Requests.Select(r => r.ToString()));
        Assert.Equal(server, A.Client.RelayedAddress!.Value.Address.ToString());
        Assert.Equal(client, A.Client.MappedAddress!.Value.Address.ToString());
        Assert.True(A.Client.IsSettled);
        Assert.Null(A.Client.FailureReason);
    }

    [Fact]
    public void Datagrams_go_both_ways_through_the_relay()
    {
        (TurnPeer A, SimulatedHost Z, _) = CreateAllocated();
        Z.Echoes = true;
        Assert.False(A.Send(_network.Now, Z.Address, 99, 1)); // it waits for the permission
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((A.Client.RelayedAddress!.Value, 99), (Z.Received[0].From, Z.Received[0].Bytes[0]));
        Assert.Equal((Z.Address, 99), (A.Received[0].Peer, A.Received[0].Bytes[0]));
    }

    [Fact]
    public void A_request_that_is_lost_is_repeated_after_half_a_second_and_then_twice_as_long_each_time()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        var times = new List<double>();
        _network.Filter = datagram =>
        {
            times.Add((datagram.Now - TimeSpan.FromSeconds(1)).TotalSeconds);
            return times.Count > 3; // A /lost/ -> T, three times
        };
        var A = new TurnPeer(_network, AddressA, AddressT);
        RunUntilAllocated(A);
        Assert.Equal([0, 0.5, 1.5, 3.5], times[..4]);
        Assert.Equal(2, T.Requests.Count);
    }

    [Fact]
    public void A_lost_answer_to_an_Allocate_request_does_not_cost_the_allocation()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        int answers = 0;
        _network.Filter = datagram => datagram.From.Port != SimulatedTurnServer.Port || ++answers != 2; // A <- /lost/ T, the success
        var A = new TurnPeer(_network, AddressA, AddressT);
        RunUntilAllocated(A);
        Assert.Equal(["Allocate 401", "Allocate 0", "Allocate 0"], T.Requests.Select(r => r.ToString()));
        Assert.Equal(1, T.AllocationCount);
    }

    [Fact]
    public void A_server_that_does_not_answer_is_given_up_after_seven_requests_in_39_and_a_half_seconds()
    {
        _network.Filter = _ => false;
        var A = new TurnPeer(_network, AddressA, AddressT);
        Assert.True(_network.Run(() => A.Client.FailureReason is not null, TimeSpan.FromMinutes(1)), _network.Describe());
        Assert.Equal("The TURN server does not answer.", A.Client.FailureReason);
        Assert.Equal(7, _network.Count.Sent);
        Assert.Equal(TimeSpan.FromSeconds(1 + 39.5), _network.Now); // RFC 8489 section 6.2.1
        Assert.True(A.Client.IsSettled);
    }

    [Theory]
    [InlineData(600, 8)] // each 9 minutes: one before it expires
    [InlineData(30, 288)] // each 15 seconds: half way
    public void The_allocation_is_refreshed_before_it_expires(int lifetime, int refreshes)
    {
        var T = new SimulatedTurnServer(_network, AddressT) { Lifetime = TimeSpan.FromSeconds(lifetime) };
        var A = new TurnPeer(_network, AddressA, AddressT);
        RunUntilAllocated(A);
        TransportAddress relayed = A.Client.RelayedAddress!.Value;
        _network.Run(TimeSpan.FromHours(1) + TimeSpan.FromMinutes(12));
        Assert.Equal(relayed, A.Client.RelayedAddress);
        Assert.Equal(1, T.AllocationCount);
        Assert.All(T.Requests.Skip(2), r => Assert.Equal("Refresh 0", r.ToString()));
        Assert.InRange(T.Requests.Count - 2, refreshes - 1, refreshes);
    }

    [Fact]
    public void A_refresh_survives_loss()
    {
        (TurnPeer A, _, SimulatedTurnServer T) = CreateAllocated();
        _network.Conditions = NetworkConditions.Terrible;
        TransportAddress relayed = A.Client.RelayedAddress!.Value;
        _network.Run(TimeSpan.FromHours(3));
        Assert.Equal(relayed, A.Client.RelayedAddress);
        Assert.DoesNotContain(T.Requests, r => r.ErrorCode == 437);
    }

    [Fact]
    public void A_stale_nonce_is_replaced_in_the_middle_of_the_session()
    {
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        TransportAddress relayed = A.Client.RelayedAddress!.Value;
        for (byte round = 0; round < 20; round++)
        {
            T.RenewNonce();
            A.Send(_network.Now, Z.Address, 99, round);
            _network.Run(TimeSpan.FromMinutes(3));
        }

        Assert.Equal(relayed, A.Client.RelayedAddress);
        Assert.Equal(Enumerable.Range(0, 20), Z.Received.Select(r => (int)r.Bytes[1]));
        Assert.Contains(T.Requests, r => r.ToString() == "Refresh 438");
        Assert.Contains(T.Requests, r => r.ToString() == "CreatePermission 438");
        Assert.Contains(T.Requests, r => r.ToString() == "ChannelBind 438");
        Assert.DoesNotContain(T.Requests, r => r.ErrorCode is not (0 or 401 or 438));
    }

    [Fact]
    public void A_server_that_calls_every_nonce_stale_is_asked_a_bounded_number_of_times()
    {
        var T = new SimulatedTurnServer(_network, AddressT) { RefusesEveryNonce = true };
        var A = new TurnPeer(_network, AddressA, AddressT);
        _network.Run(TimeSpan.FromSeconds(5));
        Assert.InRange(T.Requests.Count, 3, 6);
        Assert.Contains("438", A.Client.FailureReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_password_is_told_and_not_tried_again()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        var A = new TurnPeer(_network, AddressA, AddressT, "milk");
        Assert.True(_network.Run(() => A.Client.IsSettled, Limit), _network.Describe());
        Assert.Equal("The TURN server refuses the user name or password.", A.Client.FailureReason);
        Assert.Null(A.Client.RelayedAddress);
        Assert.Null(A.Client.NextTimeout);
        _network.Run(TimeSpan.FromHours(1));
        Assert.Equal(["Allocate 401", "Allocate 401"], T.Requests.Select(r => r.ToString()));
    }

    [Fact]
    public void A_server_that_cannot_relay_UDP_is_not_asked_again()
    {
        var T = new SimulatedTurnServer(_network, AddressT) { RefusesUdp = true };
        var A = new TurnPeer(_network, AddressA, AddressT);
        _network.Run(TimeSpan.FromHours(1));
        Assert.Equal("The TURN server refuses with 442 Unsupported Transport Protocol.", A.Client.FailureReason);
        Assert.Equal(2, T.Requests.Count);
    }

    [Fact]
    public void A_server_whose_quota_is_used_up_is_asked_again_after_a_minute()
    {
        var T = new SimulatedTurnServer(_network, AddressT) { Quota = 0 };
        var A = new TurnPeer(_network, AddressA, AddressT);
        _network.Run(TimeSpan.FromSeconds(59));
        Assert.Equal("The TURN server refuses with 486 Allocation Quota Reached.", A.Client.FailureReason);
        Assert.Equal(2, T.Requests.Count); // RFC 8656 section 7.4: at least one minute
        T.Quota = 1;
        RunUntilAllocated(A);
        Assert.Null(A.Client.FailureReason);
    }

    [Fact]
    public void An_allocation_that_the_server_has_lost_is_asked_for_anew()
    {
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        A.Send(_network.Now, Z.Address, 99, 1);
        _network.Run(TimeSpan.FromSeconds(1));
        TransportAddress relayed = A.Client.RelayedAddress!.Value;
        T.Restart();
        Assert.True(_network.Run(() => A.Client.RelayedAddress is null, TimeSpan.FromMinutes(10)), _network.Describe());
        Assert.Equal("The TURN server has lost the allocation.", A.Client.FailureReason);
        Assert.True(_network.Run(() => A.Client.RelayedAddress is not null, TimeSpan.FromSeconds(11)), _network.Describe());
        Assert.NotEqual(relayed, A.Client.RelayedAddress);
        Assert.Null(A.Client.FailureReason);
        A.Send(_network.Now, Z.Address, 99, 2);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([1, 2], Z.Received.Select(r => (int)r.Bytes[1]));
    }

    [Fact]
    public void A_server_that_restarts_is_noticed_within_seconds_while_something_is_sent()
    {
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        Z.Echoes = true;
        for (byte second = 0; second < 60; second++)
        {
            if (second == 30)
            {
                T.Restart();
            }

            A.Send(_network.Now, Z.Address, 99, second);
            _network.Run(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(Z.Received.Count, 48, 59);
        Assert.Equal(59, Z.Received[^1].Bytes[1]);
        Assert.Equal(1, T.Requests.Count(r => r.ErrorCode == 437));
    }

    [Fact]
    public void A_peer_that_is_silent_costs_the_server_few_requests()
    {
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        int before = T.Requests.Count;
        for (int i = 0; i < 600; i++)
        {
            A.Send(_network.Now, Z.Address, 99);
            _network.Run(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(T.Requests.Count - before, 3, 12);
        Assert.Equal(600, Z.Received.Count);
    }

    [Fact]
    public void A_server_that_still_holds_an_allocation_of_this_address_gives_it_back()
    {
        (_, _, SimulatedTurnServer T) = CreateAllocated();
        _network.Detach(new TransportAddress(System.Net.IPAddress.Parse(AddressA), 5000)); // the program ended without a word
        var A = new TurnPeer(_network, AddressA, AddressT, seed: 2);
        Assert.True(_network.Run(() => A.Client.RelayedAddress is not null, TimeSpan.FromSeconds(15)), _network.Describe());
        Assert.Equal(1, T.AllocationCount);
    }

    [Fact]
    public void A_server_that_dies_and_comes_back_is_used_again()
    {
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        A.Send(_network.Now, Z.Address, 99, 1);
        _network.Run(TimeSpan.FromMinutes(3));
        A.Send(_network.Now, Z.Address, 99, 2);
        T.IsDead = true;
        Assert.True(_network.Run(() => A.Client.RelayedAddress is null, TimeSpan.FromMinutes(10)), _network.Describe());
        Assert.Equal("The TURN server does not answer.", A.Client.FailureReason);
        _network.Run(TimeSpan.FromMinutes(10));
        T.IsDead = false;
        Assert.True(_network.Run(() => A.Client.RelayedAddress is not null, TimeSpan.FromMinutes(1)), _network.Describe());
    }

    [Fact]
    public void Requests_that_are_given_up_at_the_same_time_are_all_forgotten()
    {
        _network.Filter = _ => true;
        (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) = CreateAllocated();
        T.IsDead = true;
        _network.Run(TimeSpan.FromMinutes(9) - TimeSpan.FromMilliseconds(10));
        A.Send(_network.Now, Z.Address, 99, 1); // CreatePermission, just before the Refresh
        _network.Run(TimeSpan.FromSeconds(39));
        A.Client.HandleTimeout(_network.Now + TimeSpan.FromSeconds(10)); // a process that was suspended
        Assert.Equal("The TURN server does not answer.", A.Client.FailureReason);
        Assert.Null(A.Client.RelayedAddress);
    }

    [Fact]
    public void The_allocation_is_given_back_at_the_end_even_when_the_nonce_is_stale()
    {
        (TurnPeer A, _, SimulatedTurnServer T) = CreateAllocated();
        T.RenewNonce();
        A.Client.Close();
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(["Refresh 438", "Refresh 0"], T.Requests.TakeLast(2).Select(r => r.ToString()));
        Assert.Equal(0, T.AllocationCount);
        Assert.Null(A.Client.NextTimeout);
        Assert.False(A.Send(_network.Now, A.Client.MappedAddress ?? default, 99));
    }

    [Fact]
    public void Answers_that_are_forged_change_nothing()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        StunTransactionId last = default;
        _network.Filter = datagram =>
        {
            if (StunMessage.TryParse(datagram.Bytes, out StunMessage message) && message.Class == StunClass.Request)
            {
                last = message.TransactionId;
            }

            return true;
        };
        var A = new TurnPeer(_network, AddressA, AddressT);
        Assert.True(_network.Run(() => T.Requests.Count == 2, Limit), _network.Describe());
        var buffer = new byte[256];
        foreach ((StunTransactionId id, string key) in new[] { (last, "wrong"), (new StunTransactionId(1, 2), "wrong") })
        {
            var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, 0x003, id);
            writer.AddXorAddress(StunAttributeType.XorRelayedAddress, new TransportAddress(System.Net.IPAddress.Parse("203.0.113.66"), 666));
            int length = writer.Finish(System.Text.Encoding.ASCII.GetBytes(key));
            Assert.False(A.Client.HandleDatagram(_network.Now, buffer.AsSpan(0, length), out _, out _));
            Assert.Null(A.Client.RelayedAddress);
        }

        RunUntilAllocated(A);
    }

    private (TurnPeer A, SimulatedHost Z, SimulatedTurnServer T) CreateAllocated()
    {
        var T = new SimulatedTurnServer(_network, AddressT);
        var Z = new SimulatedHost(_network, AddressZ);
        var A = new TurnPeer(_network, AddressA, AddressT);
        RunUntilAllocated(A);
        return (A, Z, T);
    }

    private void RunUntilAllocated(TurnPeer A) => Assert.True(_network.Run(() => A.Client.RelayedAddress is not null, Limit), _network.Describe());
}
