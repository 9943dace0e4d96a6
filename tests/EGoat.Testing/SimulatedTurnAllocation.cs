using EGoat.WebRtc;
using EGoat.WebRtc.Stun;

namespace EGoat.Testing;

/// <summary>What a <see cref="SimulatedTurnServer"/> keeps for one client (RFC 8656 section 3.2).</summary>
internal sealed class SimulatedTurnAllocation(TransportAddress client, TransportAddress server, TransportAddress relayed, string username, StunTransactionId id)
{
    private static readonly TimeSpan PermissionLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ChannelLifetime = TimeSpan.FromMinutes(10);

    /// <summary>By IP address; the port is 0.</summary>
    private readonly Dictionary<TransportAddress, TimeSpan> _permissions = [];
    private readonly Dictionary<ushort, (TransportAddress Peer, TimeSpan Expiry)> _channels = [];

    public TransportAddress Client { get; } = client;

    public TransportAddress Server { get; } = server;

    public TransportAddress Relayed { get; } = relayed;

    public string Username { get; } = username;

    /// <summary>The request that made it: repeated, it gets the same answer.</summary>
    public StunTransactionId Id { get; } = id;

    public TimeSpan Expiry { get; set; }

    public void Permit(TimeSpan now, TransportAddress peer) => _permissions[peer.WithPort(0)] = now + PermissionLifetime;

    public bool HasPermission(TimeSpan now, TransportAddress peer) => _permissions.TryGetValue(peer.WithPort(0), out TimeSpan expiry) && expiry > now;

    /// <summary>Binds or refreshes a channel. False when the number or the peer is bound otherwise (RFC 8656 section 12.2).</summary>
    public bool TryBind(TimeSpan now, ushort number, TransportAddress peer)
    {
        foreach ((ushort bound, (TransportAddress to, TimeSpan expiry)) in _channels)
        {
            if (expiry > now && bound == number != (to == peer))
            {
                return false;
            }
        }

        _channels[number] = (peer, now + ChannelLifetime);
        Permit(now, peer);
        return true;
    }

    public ushort? FindChannel(TimeSpan now, TransportAddress peer)
    {
        foreach ((ushort number, (TransportAddress to, TimeSpan expiry)) in _channels)
        {
            if (to == peer && expiry > now)
            {
                return number;
            }
        }

        return null;
    }

    public TransportAddress? FindPeer(TimeSpan now, ushort number) =>
        _channels.TryGetValue(number, out (TransportAddress Peer, TimeSpan Expiry) channel) && channel.Expiry > now ? channel.Peer : null;
}
