using System.Globalization;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Statistics;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc;

/// <summary>
/// A WebRTC connection to one peer for data channels (W3C RTCPeerConnection): ICE finds a path, DTLS authenticates and
/// encrypts, SCTP carries the channels' messages.
/// </summary>
/// <remarks>
/// <para>Sans-IO: it has no socket, clock, task, thread or lock. Datagrams and the time are handed in; datagrams to send
/// and events are polled. After every call that takes a time, poll <see cref="TryPollTransmit"/> and
/// <see cref="TryPollEvent"/> until both return false, then call <see cref="HandleTimeout"/> at <see cref="NextTimeout"/>.</para>
/// <para>Not thread-safe. What a peer or network can send never makes it throw; a wrong description or candidate does not
/// either, it is refused.</para>
/// </remarks>
public sealed partial class PeerConnection : IDisposable
{
    /// <summary>The longest datagram it sends without having proved that the path carries longer ones (RFC 8831 section 5).</summary>
    public const int BaseDatagramSize = 1200;

    /// <summary>DTLS datagrams kept while the peer's description is still on its way; it repeats what is dropped.</summary>
    private const int MaxEarlyDatagrams = 4;

    private readonly PeerConnectionOptions _options;
    private readonly IEntropySource _entropy;
    private readonly SctpAssociation _association;
    private readonly DataChannelSet _channels;
    private readonly List<byte[]> _earlyDatagrams = [];
    private readonly Queue<PeerConnectionEvent> _events = new();
    private readonly List<IceCandidate> _localCandidates = [];
    private IceAgent? _ice;
    private DtlsConnection? _dtls;
    private bool _hasLocalEndOfCandidates = true;
    private long _packetsSent;
    private long _packetsReceived;
    private long _bytesSent;
    private long _bytesReceived;

    /// <param name="options">How it is set up.</param>
    /// <param name="entropy">Where randomness and keys come from.</param>
    public PeerConnection(PeerConnectionOptions options, IEntropySource entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDatagramSize, BaseDatagramSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxDatagramSize, PeerConnectionOptions.DatagramSizeLimit);
        _options = options;
        _entropy = entropy;
        _association = new SctpAssociation(
            new SctpOptions { MaxMessageSize = options.MaxMessageSize, ReceiveWindow = options.ReceiveWindow, BasePacketSize = BaseDatagramSize - DtlsConnection.RecordOverhead, MaxPacketSize = options.MaxDatagramSize - DtlsConnection.RecordOverhead },
            entropy,
            options.Trace);
        _channels = new DataChannelSet(_association, options.Trace);
    }

    /// <summary>The state.</summary>
    public PeerConnectionState State { get; private set; }

    /// <summary>Why it <see cref="PeerConnectionState.Failed"/>, or what the peer gave as its reason to close it, as a sentence; else null.</summary>
    public string? EndReason { get; private set; }

    /// <summary>The peer's certificate in DER, as DTLS verified it; empty until then.</summary>
    public ReadOnlyMemory<byte> RemoteCertificate => State is PeerConnectionState.New or PeerConnectionState.Connecting ? default : _dtls?.RemoteCertificate ?? default(ReadOnlyMemory<byte>);

    /// <summary>The address of the peer's end of the selected pair; null until there is one.</summary>
    public TransportAddress? RemoteAddress => _ice is { HasSelectedPair: true } ice ? ice.SelectedRemote : null;

    /// <summary>Whether no more candidates of this side are to come; descriptions say so. Default true.</summary>
    public bool HasLocalEndOfCandidates
    {
        get => _hasLocalEndOfCandidates;
        set
        {
            _hasLocalEndOfCandidates = value;
            if (value)
            {
                _ice?.SetLocalEndOfCandidates();
            }
        }
    }

    /// <summary>What the peer's checks are addressed to; null until a description was made, new after a restart of ICE.</summary>
    public string? LocalUsernameFragment => _ice?.LocalCredentials.UsernameFragment;

    /// <summary>The longest message that the peer accepts, in bytes.</summary>
    public long MaxMessageSize => _channels.MaxMessageSize;

    /// <summary>The smoothed round-trip time; null until measured.</summary>
    public TimeSpan? RoundTripTime => _association.RoundTripTime ?? _ice?.RoundTripTime;

    /// <summary>When <see cref="HandleTimeout"/> must be called.</summary>
    public TimeSpan? NextTimeout
    {
        get
        {
            if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
            {
                return null;
            }

            TimeSpan? next = _ice?.NextTimeout;
            next = Earliest(next, _dtls?.NextTimeout);
            return Earliest(next, _association.NextTimeout);
        }
    }

    /// <summary>
    /// Adds a candidate of this side; those added before a description is made stand in it, later ones must be told to the
    /// peer (<see cref="DescribeCandidate"/>). False when <see cref="IceAgentOptions"/> exclude its address: the peer does not hear of it.
    /// </summary>
    public bool AddLocalCandidate(TimeSpan now, IceCandidate candidate)
    {
        if (!_options.Ice.Allows(candidate.Address))
        {
            return false;
        }

        _localCandidates.Add(candidate);
        _ice?.AddLocalCandidate(now, candidate);
        return true;
    }

    /// <summary>An address of this side is gone: later descriptions do not name it. <see cref="RestartIce"/> tells the peer so.</summary>
    public void RemoveLocalCandidate(IceCandidate candidate)
    {
        _localCandidates.Remove(candidate);
        _ice?.RemoveLocalCandidate(candidate);
    }

    /// <summary>Creates a channel; it opens when the connection does, or at once (W3C createDataChannel).</summary>
    /// <exception cref="ArgumentException">The options contradict each other, or the label is too long.</exception>
    /// <exception cref="InvalidOperationException">The connection has ended, or the peer has no stream for one more channel (W3C OperationError).</exception>
    public DataChannel CreateDataChannel(TimeSpan now, string label, DataChannelOptions? options = null)
    {
        if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            throw new InvalidOperationException($"The connection is {State}.");
        }

        DataChannel channel = _channels.Create(now, label, options ?? new DataChannelOptions());
        DrainChannels(now);
        return channel;
    }

    /// <summary>Whether DTLS datagrams from this address are for this connection: the peer has proved that it receives there.</summary>
    public bool IsValidatedRemote(TransportAddress remote) => _ice?.IsValidatedRemote(remote) ?? false;

    /// <summary>Takes a datagram. Its bytes are decrypted in place. What is not for this connection is dropped.</summary>
    public void HandleDatagram(TimeSpan now, TransportAddress local, TransportAddress remote, Span<byte> datagram)
    {
        if (_ice is not { } ice || datagram.IsEmpty || State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            return;
        }

        // RFC 7983 section 7: the first byte tells STUN from DTLS.
        if (datagram[0] <= 3)
        {
            ice.HandleDatagram(now, local, remote, datagram);
            DrainIce(now);
        }
        else if (datagram[0] is >= 20 and <= 63 && ice.IsValidatedRemote(remote))
        {
            if (_dtls is null)
            {
                if (_earlyDatagrams.Count < MaxEarlyDatagrams)
                {
                    _earlyDatagrams.Add(datagram.ToArray());
                }

                return;
            }

            int records = HandleDtls(now, datagram);
            _packetsReceived += records;
            _bytesReceived += datagram.Length;
            ice.OnDataReceived(local, remote, datagram.Length, records);
        }
    }

    /// <summary>Lets time pass.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            return;
        }

        _ice?.HandleTimeout(now);
        DrainIce(now);
        _dtls?.HandleTimeout(now);
        DrainDtls(now);
        _association.HandleTimeout(now);
        DrainChannels(now);
    }

    /// <summary>
    /// Writes what is to be sent next: one datagram, or several of one size behind one another.
    /// </summary>
    /// <param name="now">The present time.</param>
    /// <param name="buffer">At least <see cref="PeerConnectionOptions.MaxDatagramSize"/> bytes; the longer, the more datagrams in one call.</param>
    /// <param name="transmit">Where to send them.</param>
    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_ice is not { } ice)
        {
            return false;
        }

        if (ice.TryPollTransmit(now, buffer, out transmit))
        {
            return true;
        }

        if (!ice.HasSelectedPair || _dtls is not { } dtls)
        {
            return false;
        }

        if (dtls.TryPollTransmit(now, buffer, out int length))
        {
            transmit = new Transmit(ice.SelectedLocal, ice.SelectedRemote, length, length);
            CountSent(ice, transmit);
            return true;
        }

        if (dtls.IsConnected && TryPollRecords(now, buffer, ice, dtls, out transmit))
        {
            CountSent(ice, transmit);
            return true;
        }

        return false;
    }

    /// <summary>What the connection has done so far (W3C getStats). It allocates; the counters cost nothing while nobody asks.</summary>
    public PeerConnectionStats GetStats(TimeSpan now)
    {
        IceCandidatePairStats? selected = null;
        IReadOnlyList<IceCandidatePairStats> pairs = _ice?.GetStats(out selected) ?? [];
        return new PeerConnectionStats
        {
            Timestamp = now,
            State = State,
            DataChannelsOpened = _channels.Opened,
            DataChannelsClosed = _channels.Closed,
            MessagesSent = _channels.MessagesSent,
            MessagesReceived = _channels.MessagesReceived,
            Transport = new TransportStats
            {
                PacketsSent = _packetsSent,
                PacketsReceived = _packetsReceived,
                BytesSent = _bytesSent,
                BytesReceived = _bytesReceived,
                DroppedRecords = _dtls?.DroppedRecords ?? 0,
                IsIceControlling = _ice?.IsControlling,
                IceState = _ice?.State ?? IceConnectionState.New,
                SelectedCandidatePair = selected,
                SelectedCandidatePairChanges = _ice?.SelectedPairChanges ?? 0,
                DtlsState = _dtls?.State ?? DtlsState.New,
                DtlsRole = _dtls is null ? null : _role,
                TlsVersion = _dtls?.Cipher is null ? null : DtlsVersion.Dtls12.ToString("X4", CultureInfo.InvariantCulture),
                DtlsCipher = _dtls?.Cipher,
            },
            SctpTransport = _association.GetStats(),
            CandidatePairs = pairs,
            DataChannels = [.. _channels.Channels.Select(c => c.GetStats())],
        };
    }

    /// <summary>Takes the next event.</summary>
    public bool TryPollEvent(out PeerConnectionEvent e) => _events.TryDequeue(out e);

    /// <summary>Ends the connection and tells the peer. Poll once more to send that. What was not delivered is lost.</summary>
    public void Close()
    {
        if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            return;
        }

        _dtls?.Close();
        End();
    }

    /// <summary>Gives the keys back. Nothing may be called afterwards.</summary>
    public void Dispose() => _dtls?.Dispose();

    /// <summary>Moves what DTLS and SCTP have to say on; call it after using a channel outside of the other methods.</summary>
    internal void DrainChannels(TimeSpan now)
    {
        _channels.Drain(now);
        MoveChannelEvents();
        if (_association.EndReason is not { } reason || State is not (PeerConnectionState.Connecting or PeerConnectionState.Connected or PeerConnectionState.Disconnected))
        {
            return;
        }

        if (_association.IsShutDown || _association.IsAbortedByUser)
        {
            // The peer has left on purpose; DTLS may say so too, or not.
            EndReason = _association.IsShutDown ? null : reason;
            Close();
        }
        else
        {
            Fail(reason);
        }
    }

    private static TimeSpan? Earliest(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private void CountSent(IceAgent ice, in Transmit transmit)
    {
        int packets = (transmit.Length + transmit.SegmentSize - 1) / transmit.SegmentSize;
        _packetsSent += packets;
        _bytesSent += transmit.Length;
        ice.OnDataSent(transmit.Length, packets);
    }

    // Returns how many records there were.
    private int HandleDtls(TimeSpan now, Span<byte> datagram)
    {
        bool hasData = false;
        int records = 0;
        while (_dtls!.TryReadRecord(now, ref datagram, out Span<byte> packet))
        {
            records++;
            if (!packet.IsEmpty)
            {
                hasData = true;
                _association.HandlePacket(now, packet);
            }
        }

        if (hasData)
        {
            DrainChannels(now);
        }

        DrainDtls(now);
        return records;
    }

    private void DrainIce(TimeSpan now)
    {
        while (_ice!.TryPollEvent(out IceEvent e))
        {
            if (e.Type == IceEventType.SelectedPairChanged)
            {
                _events.Enqueue(new PeerConnectionEvent(PeerConnectionEventType.SelectedPairChanged, State, default));
                _association.ResetPath();
                _dtls?.Start(now);
                DrainDtls(now);
                continue;
            }

            switch (e.State)
            {
                case IceConnectionState.Disconnected when State == PeerConnectionState.Connected:
                    SetState(PeerConnectionState.Disconnected);
                    break;
                case IceConnectionState.Connected when State == PeerConnectionState.Disconnected:
                    SetState(PeerConnectionState.Connected);
                    break;
                case IceConnectionState.Failed:
                    Fail(State == PeerConnectionState.Connecting ? "No path to the peer was found (ICE failed)." : "The peer has not answered for 30 seconds.");
                    break;
                default:
                    break;
            }
        }
    }

    private void DrainDtls(TimeSpan now)
    {
        while (_dtls is not null && _dtls.TryPollEvent(out DtlsEvent e))
        {
            switch (e.Kind)
            {
                case DtlsEventKind.Connected:
                    _association.Connect(now);
                    break;
                case DtlsEventKind.Closed:
                    End();
                    break;
                default:
                    Fail(e.Reason!);
                    break;
            }
        }
    }

    private void MoveChannelEvents()
    {
        if (State == PeerConnectionState.Connecting && _association.State == SctpState.Established)
        {
            SetState(PeerConnectionState.Connected);
        }

        while (_channels.TryPollEvent(out DataChannelEvent e))
        {
            _events.Enqueue(new PeerConnectionEvent(PeerConnectionEventType.Channel, State, e));
        }
    }

    // Full packets are batched: all segments of a batch have one size, and only the last may be shorter.
    private bool TryPollRecords(TimeSpan now, Span<byte> buffer, IceAgent ice, DtlsConnection dtls, out Transmit transmit)
    {
        if (_association.TryPollProbe(now, buffer[DtlsConnection.RecordHeaderLength..^DtlsConnection.RecordOverhead], out int probeLength))
        {
            int length = dtls.Seal(buffer, probeLength);
            transmit = new Transmit(ice.SelectedLocal, ice.SelectedRemote, length, length);
            return true;
        }

        int fullRecord = _association.MaxPacketSize + DtlsConnection.RecordOverhead;
        int written = 0;
        int segmentSize = 0;
        for (int segment = 0; segment < Transmit.MaxSegments; segment++)
        {
            int longest = _association.NextPacketSize + DtlsConnection.RecordOverhead;
            if (buffer.Length - written < longest || (segment > 0 && longest > fullRecord))
            {
                break;
            }

            Span<byte> record = buffer[written..];
            if (!_association.TryPollPacket(now, record[DtlsConnection.RecordHeaderLength..], out int length))
            {
                break;
            }

            int recordLength = dtls.Seal(record, length);
            written += recordLength;
            segmentSize = segment == 0 ? recordLength : segmentSize;
            if (recordLength != fullRecord)
            {
                break;
            }
        }

        transmit = new Transmit(ice.SelectedLocal, ice.SelectedRemote, written, segmentSize, MayFragment: segmentSize > fullRecord);
        DrainChannels(now); // sending may have lowered a buffered amount
        return written > 0;
    }

    private void End()
    {
        SetState(PeerConnectionState.Closed);
        _channels.CloseAll();
        MoveChannelEvents();
    }

    private void Fail(string reason)
    {
        if (State is PeerConnectionState.Failed or PeerConnectionState.Closed)
        {
            return;
        }

        EndReason = reason;
        _options.Trace?.IfOn?.Write(TraceCategory.Connection, reason);
        SetState(PeerConnectionState.Failed);
        _channels.CloseAll();
        MoveChannelEvents();
    }

    private void SetState(PeerConnectionState state)
    {
        if (State != state && State is not (PeerConnectionState.Failed or PeerConnectionState.Closed))
        {
            State = state;
            _options.Trace?.IfOn?.Write(TraceCategory.Connection, $"{state}");
            _events.Enqueue(new PeerConnectionEvent(PeerConnectionEventType.StateChanged, state, default));
        }
    }
}
