using EGoat.Testing;
using EGoat.WebRtc.Stun;
using EGoat.WebRtc.Turn;

namespace EGoat.WebRtc.Tests.Turn;

// A is the client, Z a host without TURN, T the server.
public sealed class TurnPermissionTests
{
    private const byte Data = 99;

    /// <summary>A STUN header, as far as it tells a check from data.</summary>
    private static readonly byte[] Check = [0, 1, .. new byte[18]];

    private readonly SimulatedNetwork _network = new(1);
    private readonly SimulatedTurnServer _T;
    private readonly SimulatedHost _Z;
    private readonly TurnPeer _A;

    public TurnPermissionTests()
    {
        _T = new SimulatedTurnServer(_network, "198.51.100.1");
        _Z = new SimulatedHost(_network, "192.0.2.2");
        _A = new TurnPeer(_network, "192.0.2.1", "198.51.100.1");
        Assert.True(_network.Run(() => _A.Client.RelayedAddress is not null, TimeSpan.FromSeconds(1)), _network.Describe());
    }

    [Fact]
    public void What_waits_for_a_permission_is_bounded_and_comes_in_order()
    {
        for (byte i = 0; i < 20; i++)
        {
            Assert.False(_A.Send(_network.Now, _Z.Address, Data, i));
        }

        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(Enumerable.Range(0, TurnPermission.MaxHeld), _Z.Received.Select(r => (int)r.Bytes[1]));
        Assert.Equal(1, Count("CreatePermission", 0));
    }

    [Fact]
    public void A_permission_is_for_an_address_with_all_its_ports()
    {
        var other = new SimulatedHost(_network, "192.0.2.2", 6000);
        _A.Send(_network.Now, _Z.Address, Check);
        _A.Send(_network.Now, other.Address, Check);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((1, 1), (_Z.Received.Count, other.Received.Count));
        Assert.Equal(1, Count("CreatePermission", 0));
    }

    [Fact]
    public void Nothing_comes_from_a_peer_without_a_permission()
    {
        _Z.Send(_A.Client.RelayedAddress!.Value, Data);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(_A.Received);
        Assert.Equal(1, _T.Unpermitted);
    }

    // RFC 8656 section 11.4: the server may forget what it may not let through.
    [Fact]
    public void What_the_server_says_a_stranger_has_sent_is_dropped()
    {
        _A.Send(_network.Now, _Z.Address, Data);
        _network.Run(TimeSpan.FromSeconds(1));
        var buffer = new byte[128];
        foreach ((string from, bool isTaken) in new[] { ("192.0.2.2", true), ("192.0.2.66", false) })
        {
            Assert.True(TransportAddress.TryParse(from, 6000, out TransportAddress peer));
            var writer = new StunMessageWriter(buffer, StunClass.Indication, 0x007, new StunTransactionId(1, 2));
            writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
            writer.Add(StunAttributeType.Data, [7]);
            Assert.Equal(isTaken, _A.Client.HandleDatagram(_network.Now, buffer.AsSpan(0, writer.Finish()), out _, out _));
        }

        Assert.False(_A.Client.HandleDatagram(_network.Now, [0x40, 0x55, 0, 1, 7], out _, out _)); // a channel that was never bound
    }

    [Fact]
    public void A_permission_in_use_is_refreshed_before_it_expires()
    {
        for (int minute = 0; minute < 60; minute++)
        {
            _A.Send(_network.Now, _Z.Address, Check);
            _Z.Send(_A.Client.RelayedAddress!.Value, Data);
            _network.Run(TimeSpan.FromMinutes(1));
        }

        Assert.Equal((60, 59), (_Z.Received.Count, _A.Received.Count)); // Z's first came before the permission
        Assert.InRange(Count("CreatePermission", 0), 12, 16);
        Assert.Equal(0, Count("ChannelBind", 0)); // only checks were sent
    }

    [Fact]
    public void A_permission_that_nobody_uses_lapses_and_is_made_anew_when_it_is_needed()
    {
        _A.Send(_network.Now, _Z.Address, Data, 1);
        _A.Send(_network.Now, _Z.Address, Data, 2);
        _network.Run(TimeSpan.FromMinutes(20));
        int before = Count("CreatePermission", 0);
        _network.Run(TimeSpan.FromMinutes(20));
        Assert.Equal(before, Count("CreatePermission", 0));
        _A.Send(_network.Now, _Z.Address, Data, 3);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(before + 1, Count("CreatePermission", 0));
        Assert.Equal([1, 2, 3], _Z.Received.Select(r => (int)r.Bytes[1]));
    }

    [Fact]
    public void Data_binds_a_channel_and_goes_through_it_from_then_on()
    {
        _A.Send(_network.Now, _Z.Address, Data, 0);
        _network.Run(TimeSpan.FromSeconds(1));
        for (byte i = 1; i < 10; i++)
        {
            Assert.True(_A.Send(_network.Now, _Z.Address, Data, i));
            _network.Run(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(Enumerable.Range(0, 10), _Z.Received.Select(r => (int)r.Bytes[1]));
        Assert.Equal(1, Count("ChannelBind", 0));
        Assert.Equal((8, 2), _T.Relayed);
    }

    [Fact]
    public void A_channel_in_use_is_refreshed_for_hours()
    {
        _Z.Echoes = true;
        for (int i = 0; i < 180; i++)
        {
            _A.Send(_network.Now, _Z.Address, Data, (byte)i);
            _network.Run(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(180, _A.Received.Count);
        Assert.All(_T.Requests, r => Assert.Contains(r.ErrorCode, new[] { 0, 401 }));
        Assert.Equal((178, 2), _T.Relayed);
    }

    [Fact]
    public void A_peer_that_comes_back_after_its_channel_lapsed_is_reached_all_the_same()
    {
        for (int pause = 1; pause <= 30; pause++)
        {
            int before = _Z.Received.Count;
            _A.Send(_network.Now, _Z.Address, Data, 1);
            _network.Run(TimeSpan.FromSeconds(2));
            _A.Send(_network.Now, _Z.Address, Data, 2);
            _network.Run(TimeSpan.FromSeconds(2));
            _A.Send(_network.Now, _Z.Address, Data, 3);
            _network.Run(TimeSpan.FromMinutes(pause));
            Assert.Equal(before + 3, _Z.Received.Count);
        }
    }

    [Fact]
    public void A_forbidden_peer_is_left_alone_for_a_minute_and_the_others_are_reached()
    {
        var other = new SimulatedHost(_network, "192.0.2.3");
        _T.IsForbidden = peer => peer.Address.Equals(_Z.Address.Address);
        for (int second = 0; second < 59; second++)
        {
            Assert.False(_A.Send(_network.Now, _Z.Address, Data, 1));
            _A.Send(_network.Now, other.Address, Data, 1);
            _network.Run(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, Count("CreatePermission", 403));
        Assert.Equal((0, 59), (_Z.Received.Count, other.Received.Count));
        _T.IsForbidden = _ => false;
        _network.Run(TimeSpan.FromSeconds(2));
        _A.Send(_network.Now, _Z.Address, Data, 1);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Single(_Z.Received);
    }

    [Fact]
    public void A_channel_that_the_server_refuses_is_done_without()
    {
        _A.Send(_network.Now, _Z.Address, Check);
        _network.Run(TimeSpan.FromSeconds(1));
        _T.IsForbidden = _ => true;
        for (byte i = 0; i < 10; i++)
        {
            Assert.True(_A.Send(_network.Now, _Z.Address, Data, i));
            _network.Run(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(11, _Z.Received.Count);
        Assert.Equal(1, Count("ChannelBind", 403));
    }

    [Fact]
    public void Peers_beyond_the_bound_are_dropped_and_make_no_requests()
    {
        for (int i = 0; i < 1000; i++)
        {
            _A.Send(_network.Now, TransportAddress.FromBytes([10, 0, (byte)(i >> 8), (byte)i], 5000), Data);
        }

        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(256, Count("CreatePermission", 0));
    }

    // RFC 8656 section 12: 0x4000 to 0x4FFF.
    [Fact]
    public void Beyond_4096_channels_indications_carry_the_data()
    {
        for (int i = 0; i < 4200; i++)
        {
            _A.Send(_network.Now, _Z.Address.WithPort((ushort)(1000 + i)), Data);
            _network.Run(TimeSpan.FromMilliseconds(i == 0 ? 10 : 0));
        }

        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((4096, 0), (Count("ChannelBind", 0), Count("ChannelBind", 400)));
        Assert.True(_A.Send(_network.Now, _Z.Address.WithPort(5199), Data));
    }

    [Fact]
    public void A_peer_of_the_other_address_family_is_not_asked_for()
    {
        Assert.True(TransportAddress.TryParse("2001:db8::2", 5000, out TransportAddress peer));
        Assert.False(_A.Send(_network.Now, peer, Data));
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, Count("CreatePermission", 443));
    }

    [Fact]
    public void Malformed_messages_of_the_server_are_dropped_and_never_throw()
    {
        _A.Send(_network.Now, _Z.Address, Data, 1);
        _network.Run(TimeSpan.FromSeconds(1));
        var random = new Random(1);
        var buffer = new byte[128];
        for (int i = 0; i < 20_000; i++)
        {
            Span<byte> bytes = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(bytes);
            if (bytes.Length > 8)
            {
                (bytes[0], bytes[1]) = i % 2 == 0 ? ((byte)0x40, (byte)0) : ((byte)0, (byte)0x17);
                (bytes[2], bytes[3]) = (0, (byte)random.Next(buffer.Length));
                (bytes[4], bytes[5], bytes[6], bytes[7]) = (0x21, 0x12, 0xA4, 0x42);
            }

            if (_A.Client.HandleDatagram(_network.Now, bytes, out TransportAddress peer, out Range payload))
            {
                Assert.Equal(_Z.Address, peer);
                _ = bytes[payload];
            }
        }
    }

    private int Count(string method, int error) => _T.Requests.Count(r => r.Method == method && r.ErrorCode == error);
}
