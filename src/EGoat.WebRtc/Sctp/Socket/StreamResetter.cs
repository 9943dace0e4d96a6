using System.Buffers.Binary;
using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Socket;

/// <summary>Resets streams with RE-CONFIG chunks, in both directions (RFC 6525).</summary>
/// <remarks>One request at a time is under way (section 5.1.1); more streams wait for the next one.</remarks>
internal sealed class StreamResetter(uint localInitialTsn, uint peerInitialTsn, Func<ushort, bool> hasQueued)
{
    /// <summary>The longest RE-CONFIG: a response and a request. It fits every packet that has no other chunk.</summary>
    public const int MaxChunkLength = TlvReader.HeaderLength + 12 + 16 + (2 * MaxStreamsPerRequest);

    /// <summary>Streams in one request.</summary>
    private const int MaxStreamsPerRequest = 192;

    private readonly SortedSet<ushort> _wanted = [];
    private uint _nextRequestNumber = localInitialTsn;
    private ushort[] _requested = [];
    private uint _requestNumber;
    private long _requestLastTsn;

    private uint _expectedPeerNumber = peerInitialTsn;
    private ResetResult _lastPeerResult = ResetResult.NothingToDo;
    private uint? _responseNumber;
    private ResetResult _response;

    /// <summary>When the request is sent again; null when none is under way.</summary>
    public TimeSpan? Timer { get; set; }

    /// <summary>The request must be sent.</summary>
    public bool HasRequestToSend { get; set; }

    /// <summary>The peer has answered the request: it will be carried out when all data before it has come.</summary>
    public bool IsInProgress { get; private set; }

    public bool HasResponseToSend => _responseNumber is not null;

    /// <summary>Resets a stream as soon as nothing of it waits to be sent.</summary>
    public void Want(ushort streamId) => _wanted.Add(streamId);

    /// <summary>Begins the next request, if one can be made; returns its streams.</summary>
    public ushort[] TryBegin(long lastAssignedTsn)
    {
        if (_requested.Length > 0 || _wanted.Count == 0)
        {
            return [];
        }

        ushort[] ready = [.. _wanted.Where(id => !hasQueued(id)).Take(MaxStreamsPerRequest)];
        if (ready.Length == 0)
        {
            return [];
        }

        _wanted.ExceptWith(ready);
        _requested = ready;
        _requestNumber = _nextRequestNumber++;
        _requestLastTsn = lastAssignedTsn;
        HasRequestToSend = true;
        return ready;
    }

    /// <summary>Forgets the request under way.</summary>
    public void GiveUp()
    {
        _requested = [];
        Timer = null;
        HasRequestToSend = false;
        IsInProgress = false;
    }

    /// <summary>Writes what waits to be sent, as one RE-CONFIG chunk.</summary>
    public void Write(ref PacketWriter writer)
    {
        writer.BeginChunk(ChunkType.ReConfig);
        if (_responseNumber is { } number)
        {
            Span<byte> response = stackalloc byte[8];
            BinaryPrimitives.WriteUInt32BigEndian(response, number);
            BinaryPrimitives.WriteUInt32BigEndian(response[4..], (uint)_response);
            writer.WriteParameter((ushort)ParameterType.ReConfigurationResponse, response);
            _responseNumber = null;
        }

        if (HasRequestToSend)
        {
            Span<byte> request = stackalloc byte[12 + (2 * MaxStreamsPerRequest)];
            BinaryPrimitives.WriteUInt32BigEndian(request, _requestNumber);
            BinaryPrimitives.WriteUInt32BigEndian(request[4..], _expectedPeerNumber - 1);
            BinaryPrimitives.WriteUInt32BigEndian(request[8..], (uint)_requestLastTsn);
            for (int i = 0; i < _requested.Length; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(request[(12 + (2 * i))..], _requested[i]);
            }

            writer.WriteParameter((ushort)ParameterType.OutgoingSsnResetRequest, request[..(12 + (2 * _requested.Length))]);
            HasRequestToSend = false;
            IsInProgress = false;
        }

        writer.EndChunk();
    }

    /// <summary>The peer's answer to the request under way. True when it is over: then the streams, and whether they were reset.</summary>
    public bool HandleResponse(ReadOnlySpan<byte> value, out ushort[] streamIds, out bool isReset)
    {
        streamIds = [];
        isReset = false;
        if (value.Length < 8 || _requested.Length == 0 || BinaryPrimitives.ReadUInt32BigEndian(value) != _requestNumber)
        {
            return false;
        }

        var result = (ResetResult)BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        if (result == ResetResult.InProgress)
        {
            IsInProgress = true; // the timer asks again (section 5.2.7)
            return false;
        }

        streamIds = _requested;
        isReset = result is ResetResult.Performed or ResetResult.NothingToDo;
        GiveUp();
        return true;
    }

    /// <summary>The peer resets its outgoing streams (section 5.2.2). True when they are reset now; none means all.</summary>
    public bool HandleOutgoingRequest(ReadOnlySpan<byte> value, long cumulativeTsn, out ushort[] streamIds)
    {
        streamIds = [];
        if (value.Length < 12 || (value.Length & 1) != 0 || !TryAccept(BinaryPrimitives.ReadUInt32BigEndian(value)))
        {
            return false;
        }

        long lastTsn = SerialNumber.Unwrap(BinaryPrimitives.ReadUInt32BigEndian(value[8..]), cumulativeTsn);
        if (lastTsn > cumulativeTsn)
        {
            Answer(ResetResult.InProgress);
            return false;
        }

        Answer(ResetResult.Performed);
        streamIds = ReadStreamIds(value[12..]);
        return true;
    }

    /// <summary>The peer asks this side to reset outgoing streams (section 5.2.3). All of them, which an empty list means, is refused.</summary>
    public bool HandleIncomingRequest(ReadOnlySpan<byte> value, out ushort[] streamIds)
    {
        streamIds = [];
        if (value.Length < 4 || (value.Length & 1) != 0 || !TryAccept(BinaryPrimitives.ReadUInt32BigEndian(value)))
        {
            return false;
        }

        streamIds = ReadStreamIds(value[4..]);
        Answer(streamIds.Length > 0 ? ResetResult.Performed : ResetResult.Denied);
        return streamIds.Length > 0;
    }

    /// <summary>Resetting the whole association and adding streams are refused (sections 5.2.4 to 5.2.6).</summary>
    public void HandleUnsupportedRequest(ReadOnlySpan<byte> value)
    {
        if (value.Length >= 4 && TryAccept(BinaryPrimitives.ReadUInt32BigEndian(value)))
        {
            Answer(ResetResult.Denied);
        }
    }

    private static ushort[] ReadStreamIds(ReadOnlySpan<byte> value)
    {
        var ids = new ushort[value.Length / 2];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = BinaryPrimitives.ReadUInt16BigEndian(value[(2 * i)..]);
        }

        return ids;
    }

    // A new request, or one that is asked again since it was in progress. A repeated one gets the old answer.
    private bool TryAccept(uint number)
    {
        bool isRepeated = number == _expectedPeerNumber - 1;
        if (number == _expectedPeerNumber || (isRepeated && _lastPeerResult == ResetResult.InProgress))
        {
            _expectedPeerNumber = number + 1;
            return true;
        }

        _responseNumber = number;
        _response = isRepeated ? _lastPeerResult : ResetResult.BadSequenceNumber;
        return false;
    }

    private void Answer(ResetResult result)
    {
        _responseNumber = _expectedPeerNumber - 1;
        _response = _lastPeerResult = result;
    }

    /// <summary>RFC 6525 section 4.4.</summary>
    private enum ResetResult : uint
    {
        NothingToDo = 0,
        Performed = 1,
        Denied = 2,
        BadSequenceNumber = 5,
        InProgress = 6,
    }
}
