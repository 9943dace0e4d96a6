using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EGoat.WebRtc;
using EGoat.WebRtc.Stun;

namespace EGoat.Testing;

/// <summary>A STUN and TURN server (RFC 8489, RFC 8656) on a <see cref="SimulatedNetwork"/>, for UDP, with long-term credentials.</summary>
/// <remarks>It is strict: what expires is gone at that instant, and what a client may not do is answered with the error that the RFC names.</remarks>
public sealed class SimulatedTurnServer : ISimulatedNode
{
    public const ushort Port = 3478;
    public const string Username = "goat";
    public const string Password = "cheese";

    private const string Realm = "egoat.test";
    private const ushort FirstRelayPort = 50_000;
    private const int RelayPorts = 64;
    private const int UdpProtocol = 17;
    private const ushort AllocateMethod = 0x003;
    private const ushort RefreshMethod = 0x004;
    private const ushort SendMethod = 0x006;
    private const ushort DataMethod = 0x007;
    private const ushort CreatePermissionMethod = 0x008;
    private const ushort ChannelBindMethod = 0x009;

    private readonly List<TransportAddress> _addresses = [];
    private readonly Dictionary<(TransportAddress Client, TransportAddress Server), SimulatedTurnAllocation> _allocations = [];
    private readonly Queue<(TransportAddress From, TransportAddress To, byte[] Bytes)> _outgoing = new();
    private readonly List<SimulatedTurnRequest> _requests = [];
    private readonly byte[] _key = CreateKey();
    private readonly byte[] _buffer = new byte[4096];
    private ushort _nextRelayPort = FirstRelayPort;
    private int _nonce = 1;

    public SimulatedTurnServer(SimulatedNetwork network, params string[] addresses)
    {
        ArgumentNullException.ThrowIfNull(network);
        foreach (string text in addresses)
        {
            var address = new TransportAddress(IPAddress.Parse(text), Port);
            _addresses.Add(address);
            network.Attach(this, [address, .. Enumerable.Range(FirstRelayPort, RelayPorts).Select(port => address.WithPort((ushort)port))]);
        }
    }

    /// <summary>How long an allocation lives unless it is refreshed. Default 10 minutes.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Allocations beyond it are refused with 486.</summary>
    public int Quota { get; set; } = int.MaxValue;

    /// <summary>Peers that are refused with 403.</summary>
    public Func<TransportAddress, bool> IsForbidden { get; set; } = _ => false;

    /// <summary>Requests for a relay over UDP are refused with 442.</summary>
    public bool RefusesUdp { get; set; }

    /// <summary>Every nonce is stale as soon as it was told.</summary>
    public bool RefusesEveryNonce { get; set; }

    /// <summary>Nothing is heard and nothing is said.</summary>
    public bool IsDead { get; set; }

    /// <summary>What was answered, in order.</summary>
    public IReadOnlyList<SimulatedTurnRequest> Requests => _requests;

    /// <summary>Allocations that have not expired.</summary>
    public int AllocationCount => _allocations.Count;

    /// <summary>Datagrams to and from peers that no permission allowed.</summary>
    public int Unpermitted { get; private set; }

    /// <summary>Datagrams of clients that came in channels, and in indications.</summary>
    public (int Channel, int Indication) Relayed { get; private set; }

    public TimeSpan? NextTimeout => _outgoing.Count > 0 ? TimeSpan.Zero : null;

    /// <summary>The present nonce becomes stale.</summary>
    public void RenewNonce() => _nonce++;

    /// <summary>Forgets every allocation and every nonce, as a restart does.</summary>
    public void Restart()
    {
        _allocations.Clear();
        _nonce++;
    }

    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        foreach ((var flow, SimulatedTurnAllocation allocation) in _allocations)
        {
            if (allocation.Expiry <= now)
            {
                _allocations.Remove(flow);
            }
        }

        if (IsDead)
        {
            return;
        }

        if (local.Port != Port)
        {
            HandlePeer(now, local, remote, datagram);
        }
        else if (datagram is [>= 0x40 and <= 0x4F, _, _, _, ..])
        {
            HandleChannelData(now, local, remote, datagram);
        }
        else if (StunMessage.TryParse(datagram, out StunMessage message))
        {
            HandleMessage(now, local, remote, message);
        }
    }

    public void HandleTimeout(TimeSpan now)
    {
    }

    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        if (!_outgoing.TryDequeue(out (TransportAddress From, TransportAddress To, byte[] Bytes) next))
        {
            transmit = default;
            return false;
        }

        next.Bytes.CopyTo(buffer);
        transmit = new Transmit(next.From, next.To, next.Bytes.Length, next.Bytes.Length);
        return true;
    }

    private static string NameOf(ushort method) => method switch
    {
        StunMessage.BindingMethod => "Binding",
        AllocateMethod => "Allocate",
        RefreshMethod => "Refresh",
        CreatePermissionMethod => "CreatePermission",
        ChannelBindMethod => "ChannelBind",
        _ => $"0x{method:X3}",
    };

    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "RFC 8489 section 9.2.2 prescribes MD5.")]
    private static byte[] CreateKey() => MD5.HashData(Encoding.UTF8.GetBytes($"{Username}:{Realm}:{Password}"));

    private void HandleMessage(TimeSpan now, TransportAddress local, TransportAddress remote, in StunMessage message)
    {
        var request = new Request(now, local, remote, message.Method, message.TransactionId);
        switch (message.Class, message.Method)
        {
            case (StunClass.Request, StunMessage.BindingMethod):
                StunMessageWriter writer = Answer(request);
                writer.AddXorAddress(StunAttributeType.XorMappedAddress, remote);
                Send(local, remote, writer.Finish());
                break;
            case (StunClass.Request, _):
                HandleRequest(request, message);
                break;
            case (StunClass.Indication, SendMethod):
                HandleSend(now, local, remote, message);
                break;
            default:
                break;
        }
    }

    private void HandleRequest(in Request request, in StunMessage message)
    {
        if (Authenticate(message) is not 0 and int error)
        {
            Refuse(request, error, error == 438 ? "Stale Nonce" : error == 401 ? "Unauthorized" : "Bad Request");
            return;
        }

        if (request.Method == AllocateMethod)
        {
            Allocate(request, message);
            return;
        }

        if (!_allocations.TryGetValue((request.Client, request.Server), out SimulatedTurnAllocation? allocation))
        {
            Refuse(request, 437, "Allocation Mismatch");
            return;
        }

        switch (request.Method)
        {
            case RefreshMethod:
                Refresh(request, message, allocation);
                break;
            case CreatePermissionMethod:
            case ChannelBindMethod:
                Permit(request, message, allocation);
                break;
            default:
                Refuse(request, 400, "Bad Request");
                break;
        }
    }

    // RFC 8489 section 9.2.4. 0 when the request may be answered.
    private int Authenticate(in StunMessage message)
    {
        if (!message.TryGetAttribute(StunAttributeType.MessageIntegrity, out _))
        {
            return 401;
        }

        if (!message.TryGetAttribute(StunAttributeType.Username, out ReadOnlySpan<byte> username) ||
            !message.TryGetAttribute(StunAttributeType.Realm, out ReadOnlySpan<byte> realm) ||
            !message.TryGetAttribute(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce))
        {
            return 400;
        }

        if (RefusesEveryNonce || !nonce.SequenceEqual(Encoding.UTF8.GetBytes(Nonce())))
        {
            return 438;
        }

        return username.SequenceEqual(Encoding.UTF8.GetBytes(Username)) && realm.SequenceEqual(Encoding.UTF8.GetBytes(Realm)) && message.VerifyIntegrity(_key) ? 0 : 401;
    }

    private string Nonce() => $"nonce {_nonce}";

    // RFC 8656 section 7.2.
    private void Allocate(in Request request, in StunMessage message)
    {
        _allocations.TryGetValue((request.Client, request.Server), out SimulatedTurnAllocation? allocation);
        bool hasTransport = message.TryGetUInt32(StunAttributeType.RequestedTransport, out uint transport);
        uint family = message.TryGetUInt32(StunAttributeType.RequestedAddressFamily, out uint told) ? told >> 24 : 1;
        int relay = _addresses.FindIndex(a => a.IsIPv6 == (family == 2));
        (int error, string reason) = (allocation is not null, hasTransport) switch
        {
            (true, _) when allocation!.Id != request.Id => (437, "Allocation Mismatch"),
            (true, _) => (0, ""),
            (_, false) => (400, "Bad Request"),
            _ when RefusesUdp || transport >> 24 != UdpProtocol => (442, "Unsupported Transport Protocol"),
            _ when relay < 0 => (440, "Address Family not Supported"),
            _ when _allocations.Count >= Quota => (486, "Allocation Quota Reached"),
            _ when _nextRelayPort == FirstRelayPort + RelayPorts => (508, "Insufficient Capacity"),
            _ => (0, ""),
        };
        if (error != 0)
        {
            Refuse(request, error, reason);
            return;
        }

        if (allocation is null)
        {
            allocation = new SimulatedTurnAllocation(request.Client, request.Server, _addresses[relay].WithPort(_nextRelayPort++), Username, request.Id) { Expiry = request.At + Lifetime };
            _allocations.Add((request.Client, request.Server), allocation);
        }

        StunMessageWriter writer = Answer(request);
        writer.AddXorAddress(StunAttributeType.XorRelayedAddress, allocation.Relayed);
        writer.AddXorAddress(StunAttributeType.XorMappedAddress, request.Client);
        writer.Add(StunAttributeType.Lifetime, (uint)Lifetime.TotalSeconds);
        Send(request.Server, request.Client, writer.Finish(_key));
    }

    private void Refresh(in Request request, in StunMessage message, SimulatedTurnAllocation allocation)
    {
        bool isKept = !message.TryGetUInt32(StunAttributeType.Lifetime, out uint asked) || asked > 0;
        allocation.Expiry = request.At + Lifetime;
        if (!isKept)
        {
            _allocations.Remove((request.Client, request.Server));
        }

        StunMessageWriter writer = Answer(request);
        writer.Add(StunAttributeType.Lifetime, isKept ? (uint)Lifetime.TotalSeconds : 0u);
        Send(request.Server, request.Client, writer.Finish(_key));
    }

    // CreatePermission and ChannelBind (RFC 8656 sections 10.2 and 12.2).
    private void Permit(in Request request, in StunMessage message, SimulatedTurnAllocation allocation)
    {
        bool isChannel = request.Method == ChannelBindMethod;
        if (!message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out TransportAddress peer))
        {
            Refuse(request, 400, "Bad Request");
        }
        else if (peer.IsIPv6 != allocation.Relayed.IsIPv6)
        {
            Refuse(request, 443, "Peer Address Family Mismatch");
        }
        else if (IsForbidden(peer))
        {
            Refuse(request, 403, "Forbidden");
        }
        else if (isChannel && !(message.TryGetUInt32(StunAttributeType.ChannelNumber, out uint channel) && channel >> 16 is >= 0x4000 and <= 0x4FFF &&
            allocation.TryBind(request.At, (ushort)(channel >> 16), peer)))
        {
            Refuse(request, 400, "Bad Request");
        }
        else
        {
            allocation.Permit(request.At, peer);
            Send(request.Server, request.Client, Answer(request).Finish(_key));
        }
    }

    private void HandleSend(TimeSpan now, TransportAddress local, TransportAddress remote, in StunMessage message)
    {
        if (_allocations.TryGetValue((remote, local), out SimulatedTurnAllocation? allocation) &&
            message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out TransportAddress peer) &&
            message.TryGetAttribute(StunAttributeType.Data, out ReadOnlySpan<byte> data))
        {
            Relayed = Relayed with { Indication = Relayed.Indication + 1 };
            Relay(now, allocation, peer, data);
        }
    }

    private void HandleChannelData(TimeSpan now, TransportAddress local, TransportAddress remote, ReadOnlySpan<byte> datagram)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (length <= datagram.Length - 4 && _allocations.TryGetValue((remote, local), out SimulatedTurnAllocation? allocation) &&
            allocation.FindPeer(now, BinaryPrimitives.ReadUInt16BigEndian(datagram)) is { } peer)
        {
            Relayed = Relayed with { Channel = Relayed.Channel + 1 };
            Relay(now, allocation, peer, datagram.Slice(4, length));
        }
    }

    private void Relay(TimeSpan now, SimulatedTurnAllocation allocation, TransportAddress peer, ReadOnlySpan<byte> data)
    {
        if (allocation.HasPermission(now, peer))
        {
            _outgoing.Enqueue((allocation.Relayed, peer, data.ToArray()));
        }
        else
        {
            Unpermitted++;
        }
    }

    private void HandlePeer(TimeSpan now, TransportAddress relayed, TransportAddress peer, ReadOnlySpan<byte> data)
    {
        if (_allocations.Values.FirstOrDefault(a => a.Relayed == relayed) is not { } allocation)
        {
            return;
        }

        if (!allocation.HasPermission(now, peer))
        {
            Unpermitted++;
        }
        else if (allocation.FindChannel(now, peer) is { } channel)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer, channel);
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(2), (ushort)data.Length);
            data.CopyTo(_buffer.AsSpan(4));
            Send(allocation.Server, allocation.Client, 4 + data.Length);
        }
        else
        {
            var writer = new StunMessageWriter(_buffer, StunClass.Indication, DataMethod, new StunTransactionId(1, (ulong)now.Ticks));
            writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
            writer.Add(StunAttributeType.Data, data);
            Send(allocation.Server, allocation.Client, writer.Finish());
        }
    }

    private StunMessageWriter Answer(in Request request)
    {
        _requests.Add(new SimulatedTurnRequest(request.At, request.Client, NameOf(request.Method), 0));
        return new StunMessageWriter(_buffer, StunClass.SuccessResponse, request.Method, request.Id);
    }

    // Challenges tell realm and nonce and carry no integrity (RFC 8489 section 9.2.4).
    private void Refuse(in Request request, int code, string reason)
    {
        _requests.Add(new SimulatedTurnRequest(request.At, request.Client, NameOf(request.Method), code));
        var writer = new StunMessageWriter(_buffer, StunClass.ErrorResponse, request.Method, request.Id);
        writer.AddErrorCode(code, Encoding.ASCII.GetBytes(reason));
        bool isChallenge = code is 401 or 438;
        if (isChallenge)
        {
            writer.Add(StunAttributeType.Realm, Encoding.UTF8.GetBytes(Realm));
            writer.Add(StunAttributeType.Nonce, Encoding.UTF8.GetBytes(Nonce()));
        }

        Send(request.Server, request.Client, isChallenge ? writer.Finish() : writer.Finish(_key));
    }

    private void Send(TransportAddress from, TransportAddress to, int length) => _outgoing.Enqueue((from, to, _buffer.AsSpan(0, length).ToArray()));

    private readonly record struct Request(TimeSpan At, TransportAddress Server, TransportAddress Client, ushort Method, StunTransactionId Id);
}
