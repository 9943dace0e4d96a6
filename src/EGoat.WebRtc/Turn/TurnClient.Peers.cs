using System.Buffers.Binary;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Turn;

// What goes to and comes from peers: permissions, channels, and the wrapping of datagrams.
internal sealed partial class TurnClient
{
    private const ushort FirstChannel = 0x4000;
    private const ushort LastChannel = 0x4FFF;
    private const int ChannelHeaderLength = 4;

    /// <summary>Peer addresses that may have a permission; ICE knows fewer candidates than that.</summary>
    private const int MaxPermissions = 256;

    /// <summary>Permissions live for 5 minutes, channels for 10 and their permission for 5 (RFC 8656 sections 9 and 12).</summary>
    private static readonly TimeSpan PeerRefreshInterval = TimeSpan.FromMinutes(4);

    /// <summary>How long a peer address that the server refused is left alone.</summary>
    private static readonly TimeSpan RefusalInterval = TimeSpan.FromMinutes(1);

    /// <summary>By address; the port is 0, since permissions are for all ports.</summary>
    private readonly Dictionary<TransportAddress, TurnPermission> _permissions = [];
    private readonly Dictionary<TransportAddress, TurnChannel> _channels = [];
    private readonly Dictionary<ushort, TransportAddress> _channelPeers = [];

    /// <summary>What a new permission has released.</summary>
    private readonly Queue<(TransportAddress Peer, byte[] Payload)> _ready = new();
    private ushort _nextChannel = FirstChannel;

    private TimeSpan NextPeerTimeout
    {
        get
        {
            TimeSpan next = TimeSpan.MaxValue;
            foreach (TurnPermission permission in _permissions.Values)
            {
                next = Earlier(next, permission.IsInstalled ? permission.RefreshAt : next);
            }

            foreach (TurnChannel channel in _channels.Values)
            {
                next = Earlier(next, channel.RefreshAt);
            }

            return next;
        }
    }

    /// <summary>Whether a message of the server is ChannelData (RFC 8656 section 12.4) and not STUN.</summary>
    public static bool IsChannelData(ReadOnlySpan<byte> datagram) => datagram is [>= 0x40 and <= 0x4F, _, _, _, ..];

    /// <summary>
    /// Writes what to send to the server so that a peer receives a datagram. 0: it waits for the permission, or is dropped.
    /// </summary>
    /// <param name="now">The present time.</param>
    /// <param name="peer">Whom it is for.</param>
    /// <param name="payload">The datagram.</param>
    /// <param name="destination">At least <see cref="MaxOverhead"/> bytes longer than the payload.</param>
    public int Send(TimeSpan now, TransportAddress peer, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        if (RelayedAddress is not { } relayed || relayed.IsIPv6 != peer.IsIPv6)
        {
            return 0;
        }

        // What goes through a relay that is gone gets no error: a restarted server is noticed by its silence.
        if (_refreshAt is not null && now - _lastHeard > SilenceInterval)
        {
            _refreshAt = now;
        }

        TransportAddress address = peer.WithPort(0);
        if (!_permissions.TryGetValue(address, out TurnPermission? permission))
        {
            if (_permissions.Count >= MaxPermissions)
            {
                return 0;
            }

            permission = _permissions[address] = new TurnPermission();
            Begin(new TurnTransaction(CreatePermissionMethod, _isReliable) { Peer = address });
        }

        permission.LastUsed = now;
        if (permission.IsInstalled)
        {
            bool isCheck = StunMessage.IsStun(payload);
            if (!isCheck && !_channels.ContainsKey(peer))
            {
                RequestChannel(peer);
            }

            return Wrap(peer, payload, destination);
        }

        if (permission.RefusedUntil > TimeSpan.Zero && permission.RefusedUntil <= now)
        {
            permission.RefusedUntil = TimeSpan.Zero;
            Begin(new TurnTransaction(CreatePermissionMethod, _isReliable) { Peer = address });
        }

        if (permission.RefusedUntil == TimeSpan.Zero && permission.Held.Count < TurnPermission.MaxHeld)
        {
            permission.Held.Enqueue((peer, payload.ToArray()));
        }

        return 0;
    }

    private int Wrap(TransportAddress peer, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        if (_channels.TryGetValue(peer, out TurnChannel? channel) && channel.IsBound)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination, channel.Number);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payload.Length);
            payload.CopyTo(destination[ChannelHeaderLength..]);
            int length = ChannelHeaderLength + payload.Length;
            int padded = _isReliable ? (length + 3) & ~3 : length;
            destination[length..padded].Clear();
            return padded;
        }

        var writer = new StunMessageWriter(destination, StunClass.Indication, SendMethod, StunTransactionId.Create(_entropy));
        writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, payload);
        return writer.Finish();
    }

    private bool TryUnwrapChannelData(ReadOnlySpan<byte> datagram, out TransportAddress peer, out Range payload)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        payload = ChannelHeaderLength..(ChannelHeaderLength + length);
        peer = default;
        return length <= datagram.Length - ChannelHeaderLength && _channelPeers.TryGetValue(BinaryPrimitives.ReadUInt16BigEndian(datagram), out peer);
    }

    // RFC 8656 section 11.4: only from peers that have a permission.
    private bool TryUnwrapIndication(ReadOnlySpan<byte> datagram, in StunMessage message, out TransportAddress peer, out Range payload)
    {
        payload = default;
        if (!message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out peer) || !message.TryGetAttribute(StunAttributeType.Data, out ReadOnlySpan<byte> data) ||
            !_permissions.ContainsKey(peer.WithPort(0)) || !datagram.Overlaps(data, out int offset))
        {
            return false;
        }

        payload = offset..(offset + data.Length);
        return true;
    }

    private void InstallPermission(TimeSpan now, TransportAddress address)
    {
        if (!_permissions.TryGetValue(address, out TurnPermission? permission))
        {
            return;
        }

        permission.IsInstalled = true;
        permission.RefreshAt = now + PeerRefreshInterval;
        while (permission.Held.TryDequeue(out (TransportAddress Peer, byte[] Payload) held))
        {
            _ready.Enqueue(held);
        }
    }

    private void RefusePermission(TimeSpan now, TransportAddress address)
    {
        if (_permissions.TryGetValue(address, out TurnPermission? permission))
        {
            permission.IsInstalled = false;
            permission.RefusedUntil = now + RefusalInterval;
            permission.Held.Clear();
        }
    }

    private void RequestChannel(TransportAddress peer)
    {
        if (_nextChannel > LastChannel)
        {
            return; // indications carry it as well; numbers are not used again (RFC 8656 section 12)
        }

        var channel = new TurnChannel(_nextChannel++, peer);
        _channels[peer] = channel;
        Begin(new TurnTransaction(ChannelBindMethod, _isReliable) { Peer = peer, Channel = channel.Number });
    }

    private void BindChannel(TimeSpan now, TransportAddress peer)
    {
        if (_channels.TryGetValue(peer, out TurnChannel? channel))
        {
            channel.IsBound = true;
            channel.RefreshAt = now + PeerRefreshInterval;
            _channelPeers[channel.Number] = peer;
        }
    }

    // The entry stays, so that it is not asked for with every datagram: indications carry them.
    private void ForgetChannel(TimeSpan now, TransportAddress peer)
    {
        if (_channels.TryGetValue(peer, out TurnChannel? channel))
        {
            channel.IsBound = false;
            channel.RefreshAt = now + PeerRefreshInterval;
        }
    }

    private void RefreshPeers(TimeSpan now)
    {
        foreach ((TransportAddress address, TurnPermission permission) in _permissions)
        {
            if (!permission.IsInstalled || permission.RefreshAt > now)
            {
                continue;
            }

            if (now - permission.LastUsed > PeerRefreshInterval)
            {
                _permissions.Remove(address);
            }
            else
            {
                permission.RefreshAt = now + PeerRefreshInterval;
                Begin(new TurnTransaction(CreatePermissionMethod, _isReliable) { Peer = address });
            }
        }

        foreach ((TransportAddress peer, TurnChannel channel) in _channels)
        {
            if (channel.RefreshAt > now)
            {
                continue;
            }

            if (_permissions.ContainsKey(peer.WithPort(0)))
            {
                channel.RefreshAt = now + PeerRefreshInterval;
                Begin(new TurnTransaction(ChannelBindMethod, _isReliable) { Peer = peer, Channel = channel.Number });
            }
            else
            {
                _channels.Remove(peer);
                _channelPeers.Remove(channel.Number);
            }
        }
    }

    private void ClearPeers()
    {
        _permissions.Clear();
        _channels.Clear();
        _channelPeers.Clear();
        _ready.Clear();
        _nextChannel = FirstChannel;
    }
}
