using System.Diagnostics;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// A DTLS 1.2 connection (RFC 6347) between two WebRTC endpoints (RFC 8827 section 6.5): records in and out, epochs,
/// replay protection, alerts, and the retransmission of handshake flights.
/// </summary>
/// <remarks>
/// Wire noise (what is malformed, replayed, of another epoch or not authentic) is dropped and counted; a handshake that
/// cannot go on fails the connection once, with a reason. Application data is opened and sealed in place.
/// </remarks>
internal sealed class DtlsConnection : IDisposable
{
    /// <summary>Where the payload of an application data record begins: 13 bytes of header, 8 of explicit nonce.</summary>
    public const int RecordHeaderLength = RecordHeader.EncodedLength + RecordProtection.ExplicitNonceLength;

    /// <summary>What a record adds to its payload: <see cref="RecordHeaderLength"/> and a tag of 16 bytes.</summary>
    public const int RecordOverhead = RecordHeaderLength + RecordCipher.TagLength;

    /// <summary>A handshake fragment shorter than this waits for the next datagram.</summary>
    private const int MinFragmentLength = 32;

    private const int AlertLength = 2;

    /// <summary>Records that wait for the keys, or for the end of the handshake; later ones are dropped, and come again.</summary>
    private const int MaxEarlyRecords = 8;

    /// <summary>Longer ones do not wait: neither a Finished nor the first packets of an association are.</summary>
    private const int MaxEarlyRecordLength = 2048;

    /// <summary>The least time between repetitions of a flight that the peer's own repetitions cause (RFC 6347 section 4.2.4).</summary>
    private static readonly TimeSpan MinRepetitionInterval = TimeSpan.FromMilliseconds(100);

    private readonly DtlsOptions _options;
    private readonly Handshake _handshake;
    private readonly SubjectTrace? _trace;
    private readonly HandshakeReassembler _reassembler = new();
    private readonly Queue<DtlsEvent> _events = new();
    private readonly Queue<(AlertLevel Level, AlertDescription Description)> _alerts = new();
    private readonly ReplayWindow _replayWindow = new();

    /// <summary>Protected records that have overtaken the messages which make sense of them, as they came.</summary>
    private readonly List<byte[]> _early = [];

    /// <summary>The next record sequence number of each epoch.</summary>
    private readonly ulong[] _sequence = new ulong[2];

    private TimeSpan? _retransmissionTimer;
    private TimeSpan _retransmissionTimeout;
    private TimeSpan _deadline;
    private TimeSpan _lastFlight;
    private bool _hasRefusedRenegotiation;
    private bool _isDisposed;

    public DtlsConnection(DtlsRole role, DtlsCertificate certificate, ReadOnlySpan<DtlsFingerprint> remoteFingerprints, DtlsOptions options, IEntropySource entropy, SubjectTrace? trace = null)
        : this(role == DtlsRole.Client
            ? new ClientHandshake(certificate, entropy, remoteFingerprints.ToArray())
            : new ServerHandshake(certificate, entropy, remoteFingerprints.ToArray()), options, trace)
    {
    }

    /// <summary>Takes over a handshake, which may be one that differs from this engine's.</summary>
    internal DtlsConnection(Handshake handshake, DtlsOptions options, SubjectTrace? trace = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDatagramSize, DtlsOptions.MinDatagramSize);
        _options = options;
        _trace = trace;
        _retransmissionTimeout = options.InitialRetransmissionTimeout;
        _handshake = handshake;
        _handshake.CreateCipher = options.CreateCipher;
    }

    public DtlsState State
    {
        get;
        private set
        {
            if (field != value)
            {
                field = value;
                _trace?.IfOn?.Write(TraceCategory.Dtls, $"{value}");
            }
        }
    }

    /// <summary>The cipher suite by its IANA name; null before the handshake is done.</summary>
    public string? Cipher => _handshake.IsComplete ? CipherSuite.NameOf(_handshake.Suite) : null;

    public bool IsConnected => State == DtlsState.Connected;

    /// <summary>The peer's certificate in DER; verified when the state is <see cref="DtlsState.Connected"/>.</summary>
    public byte[]? RemoteCertificate => _handshake.RemoteCertificate;

    /// <summary>Records that were dropped: malformed, replayed, of another epoch, not authentic.</summary>
    public long DroppedRecords { get; private set; }

    /// <summary>When <see cref="HandleTimeout"/> must be called.</summary>
    public TimeSpan? NextTimeout => State == DtlsState.Connecting ? _retransmissionTimer is { } timer && timer < _deadline ? timer : _deadline : null;

    /// <summary>The path works: from now on flights are sent. What has come before is answered at once.</summary>
    public void Start(TimeSpan now)
    {
        if (State != DtlsState.New)
        {
            return;
        }

        State = DtlsState.Connecting;
        _deadline = now + _options.HandshakeTimeout;
        _handshake.Start();
        StartFlight(now);
        ReadMessages(now);
    }

    /// <summary>
    /// Takes one record off the front of a datagram. Call it until it returns false; between, <paramref name="applicationData"/>
    /// is the opened payload, or empty if the record was none of the application's.
    /// </summary>
    /// <remarks>Records that came too early are read when a later datagram has made them readable, behind those of that datagram.</remarks>
    public bool TryReadRecord(TimeSpan now, ref Span<byte> datagram, out Span<byte> applicationData)
    {
        applicationData = default;
        if (State is DtlsState.Closed or DtlsState.Failed)
        {
            return false;
        }

        if (!datagram.IsEmpty)
        {
            return TryReadFirstRecord(now, ref datagram, out applicationData);
        }

        Span<byte> early = _early.Count > 0 ? TakeEarlyRecord() : default;
        return !early.IsEmpty && TryReadFirstRecord(now, ref early, out applicationData);
    }

    /// <summary>
    /// Makes a record of application data in place: the payload lies at <see cref="RecordHeaderLength"/>, and
    /// <see cref="RecordOverhead"/> bytes beyond its length are free in all.
    /// </summary>
    /// <returns>The length of the record.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The payload is longer than 2^14 bytes.</exception>
    /// <exception cref="InvalidOperationException">The handshake is not complete, or the connection has ended.</exception>
    public int Seal(Span<byte> record, int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, RecordHeader.MaxPlaintextLength);
        if (!IsConnected)
        {
            throw new InvalidOperationException($"The DTLS connection is {State}.");
        }

        return _handshake.Protection!.Seal(ContentType.ApplicationData, NextEpochAndSequence(1), record, payloadLength);
    }

    /// <summary>Writes the next datagram of a flight, or an alert.</summary>
    public bool TryPollTransmit(TimeSpan now, Span<byte> buffer, out int length)
    {
        length = 0;
        if (State == DtlsState.New || _isDisposed)
        {
            return false;
        }

        buffer = buffer[..Math.Min(buffer.Length, _options.MaxDatagramSize)];
        Flight flight = _handshake.Flight;
        if (State is DtlsState.Connecting or DtlsState.Connected)
        {
            while (flight.HasMore && TryWriteFragment(flight, buffer[length..], out int written))
            {
                length += written;
            }
        }

        while (_alerts.TryPeek(out (AlertLevel Level, AlertDescription Description) alert) && buffer.Length - length >= RecordOverhead + AlertLength)
        {
            _alerts.Dequeue();
            _trace?.IfOn?.Write(TraceCategory.Dtls, $"sent alert {alert.Level} {alert.Description}");
            length += WriteRecord(ContentType.Alert, IsAlertProtected ? (ushort)1 : (ushort)0, buffer[length..], [(byte)alert.Level, (byte)alert.Description]);
        }

        return length > 0;
    }

    public bool TryPollEvent(out DtlsEvent e) => _events.TryDequeue(out e);

    /// <summary>Sends the last flight again, or gives up.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        if (State != DtlsState.Connecting)
        {
            return;
        }

        if (_deadline <= now)
        {
            Fail(new HandshakeError(AlertDescription.HandshakeFailure, "The peer did not answer the DTLS handshake in time."));
        }
        else if (_retransmissionTimer <= now)
        {
            _trace?.IfOn?.Write(TraceCategory.Dtls, $"no answer for {_retransmissionTimeout.TotalMilliseconds:F0} ms: the flight is sent again");
            _retransmissionTimeout *= 2;
            if (_retransmissionTimeout > _options.MaxRetransmissionTimeout)
            {
                _retransmissionTimeout = _options.MaxRetransmissionTimeout;
            }

            StartFlight(now);
        }
    }

    /// <summary>Says goodbye with close_notify (RFC 5246 section 7.2.1).</summary>
    public void Close()
    {
        if (State is DtlsState.Connecting or DtlsState.Connected)
        {
            _alerts.Enqueue((AlertLevel.Warning, AlertDescription.CloseNotify));
        }

        if (State != DtlsState.Failed)
        {
            State = DtlsState.Closed;
        }
    }

    /// <summary>Gives all keys back. Nothing can be sealed or opened afterwards.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        State = State == DtlsState.Failed ? DtlsState.Failed : DtlsState.Closed;
        _early.Clear();
        _handshake.Protection?.Dispose();
        _handshake.Dispose();
    }

    private bool TryReadFirstRecord(TimeSpan now, scoped ref Span<byte> datagram, out Span<byte> applicationData)
    {
        applicationData = default;
        if (!RecordHeader.TryParse(datagram, out RecordHeader header) || header.Version >> 8 != 0xFE)
        {
            DroppedRecords++;
            return false; // where the next record begins is not known
        }

        Span<byte> record = datagram[..(RecordHeader.EncodedLength + header.Length)];
        datagram = datagram[record.Length..];
        Span<byte> payload = record[RecordHeader.EncodedLength..];
        if (header.Epoch == 1)
        {
            if (IsTooEarly(header.Type))
            {
                KeepEarlyRecord(record);
                return true;
            }

            if (_handshake.Protection is not { } protection || !_replayWindow.IsNew(header.Sequence) || !protection.TryOpen(header, record, out payload))
            {
                DroppedRecords++;
                return true;
            }

            _replayWindow.Mark(header.Sequence);
        }
        else if (header.Epoch != 0 || IsConnected)
        {
            DroppedRecords++; // nothing unprotected counts any more: a flight that is repeated ends with a protected Finished
            return true;
        }

        switch (header.Type)
        {
            case ContentType.ApplicationData when header.Epoch == 1 && IsConnected:
                applicationData = payload;
                break;
            case ContentType.Handshake:
                HandleHandshake(now, payload, isProtected: header.Epoch == 1);
                break;
            case ContentType.Alert:
                HandleAlert(payload);
                break;
            case ContentType.ChangeCipherSpec:
                break; // the epoch of a record says all that this message does
            default:
                DroppedRecords++;
                break;
        }

        return true;
    }

    // RFC 6347 section 4.1 leaves it open whether what is reordered waits or is dropped: it waits, so that nobody has to wait for
    // a timer. Nothing of the application's is even opened before the peer's Finished was verified.
    private bool IsTooEarly(ContentType type) => State == DtlsState.Connecting && (_handshake.Protection is null || type == ContentType.ApplicationData);

    private void KeepEarlyRecord(ReadOnlySpan<byte> record)
    {
        if (_early.Count < MaxEarlyRecords && record.Length <= MaxEarlyRecordLength)
        {
            _early.Add(record.ToArray());
        }
        else
        {
            DroppedRecords++;
        }
    }

    private Span<byte> TakeEarlyRecord()
    {
        int index = _early.FindIndex(r => !IsTooEarly((ContentType)r[0]));
        if (index < 0)
        {
            return default;
        }

        byte[] record = _early[index];
        _early.RemoveAt(index);
        return record;
    }

    // Once something of epoch 1 was sent, the peer listens to nothing else from this side.
    private bool IsAlertProtected => _sequence[1] > 0;

    private ulong NextEpochAndSequence(ushort epoch)
    {
        ulong sequence = _sequence[epoch]++;
        if (sequence > RecordHeader.MaxSequence)
        {
            throw new InvalidOperationException("All 2^48 record numbers are used (RFC 6347 section 4.1).");
        }

        return ((ulong)epoch << 48) | sequence;
    }

    private void StartFlight(TimeSpan now)
    {
        _handshake.Flight.Rewind();
        _lastFlight = now;
        if (!_handshake.Flight.IsEmpty)
        {
            _trace?.IfOn?.Write(TraceCategory.Dtls, $"sends {_handshake.Flight}");
        }

        _retransmissionTimer = _handshake.Flight.IsEmpty ? null : now + _retransmissionTimeout;
    }

    private void HandleHandshake(TimeSpan now, ReadOnlySpan<byte> payload, bool isProtected)
    {
        var reader = new TlsReader(payload);
        bool isRepeated = false;
        while (!reader.IsEmpty)
        {
            if (!HandshakeHeader.TryRead(ref reader, out HandshakeHeader header, out ReadOnlySpan<byte> fragment))
            {
                DroppedRecords++;
                break;
            }

            // RFC 6347 section 4.2.2: the messages of another handshake count from zero again. Of this one only the peer's
            // last message comes in epoch 1, and may come again.
            if (_handshake.IsComplete && (header.Type != HandshakeType.Finished || header.MessageSequence != _reassembler.NextSequence - 1))
            {
                RefuseRenegotiation();
                break;
            }

            // RFC 5246 section 7.4.1.1: not answered while a handshake is under way, and no part of it.
            if (header.Type != HandshakeType.HelloRequest)
            {
                isRepeated |= _reassembler.Add(header, fragment, isProtected);
            }
        }

        if (State != DtlsState.New)
        {
            ReadMessages(now);
        }

        // The peer repeats its last flight: it has not got ours.
        if (isRepeated && !_handshake.Flight.IsEmpty && now - _lastFlight >= MinRepetitionInterval && State is DtlsState.Connecting or DtlsState.Connected)
        {
            _lastFlight = now;
            _handshake.Flight.Rewind();
        }
    }

    private void ReadMessages(TimeSpan now)
    {
        while (State == DtlsState.Connecting && _reassembler.TryTake(out HandshakeType type, out byte[] message, out bool isProtected))
        {
            _trace?.IfOn?.Write(TraceCategory.Dtls, $"received {type}");
            int before = _handshake.Flight.Number;
            if (_handshake.Handle(type, message, isProtected) is { } error)
            {
                Fail(error);
                return;
            }

            if (_handshake.Flight.Number != before)
            {
                _retransmissionTimeout = _options.InitialRetransmissionTimeout;
                StartFlight(now);
            }

            if (_handshake.IsComplete)
            {
                State = DtlsState.Connected;
                _trace?.IfOn?.Write(TraceCategory.Dtls, $"{Cipher}");
                _retransmissionTimer = null;
                _events.Enqueue(new DtlsEvent(DtlsEventKind.Connected));
            }
        }
    }

    // RFC 5246 section 7.2.2, RFC 8827 section 6.5: refused once; the connection goes on.
    private void RefuseRenegotiation()
    {
        if (!_hasRefusedRenegotiation)
        {
            _hasRefusedRenegotiation = true;
            _alerts.Enqueue((AlertLevel.Warning, AlertDescription.NoRenegotiation));
        }
    }

    private void HandleAlert(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != AlertLength || State == DtlsState.New)
        {
            DroppedRecords++;
            return;
        }

        var description = (AlertDescription)payload[1];
        _trace?.IfOn?.Write(TraceCategory.Dtls, $"received alert {(AlertLevel)payload[0]} {description}");
        if (description == AlertDescription.CloseNotify)
        {
            Close();
            _events.Enqueue(new DtlsEvent(DtlsEventKind.Closed));
        }
        else if (payload[0] == (byte)AlertLevel.Fatal)
        {
            State = DtlsState.Failed;
            _events.Enqueue(new DtlsEvent(DtlsEventKind.Failed, $"The peer ended the DTLS connection: alert {payload[1]} ({description})."));
        }
    }

    private void Fail(in HandshakeError error)
    {
        _alerts.Enqueue((AlertLevel.Fatal, error.Alert));
        State = DtlsState.Failed;
        _retransmissionTimer = null;
        _events.Enqueue(new DtlsEvent(DtlsEventKind.Failed, error.Reason));
    }

    private bool TryWriteFragment(Flight flight, Span<byte> buffer, out int written)
    {
        Flight.Entry entry = flight.Current;
        int overhead = entry.Epoch == 0 ? RecordHeader.EncodedLength : RecordOverhead;
        written = 0;
        if (entry.Type != ContentType.Handshake)
        {
            if (buffer.Length < overhead + entry.Bytes.Length)
            {
                return false;
            }

            written = WriteRecord(entry.Type, entry.Epoch, buffer, entry.Bytes);
            flight.Advance(entry.Bytes.Length);
            return true;
        }

        int left = entry.BodyLength - flight.Offset;
        int length = Math.Min(left, buffer.Length - overhead - HandshakeHeader.EncodedLength);
        if (length < Math.Min(left, MinFragmentLength))
        {
            return false;
        }

        // The message lies with its header as one fragment; each fragment repeats the header with its own place.
        Span<byte> fragment = stackalloc byte[HandshakeHeader.EncodedLength + length];
        entry.Bytes.AsSpan(0, HandshakeHeader.EncodedLength).CopyTo(fragment);
        var reader = new TlsReader(entry.Bytes);
        bool isRead = HandshakeHeader.TryRead(ref reader, out HandshakeHeader header, out _);
        Debug.Assert(isRead, "Our own message is well-formed.");
        (header with { FragmentOffset = flight.Offset, FragmentLength = length }).Write(fragment);
        entry.Bytes.AsSpan(HandshakeHeader.EncodedLength + flight.Offset, length).CopyTo(fragment[HandshakeHeader.EncodedLength..]);
        written = WriteRecord(ContentType.Handshake, entry.Epoch, buffer, fragment);
        flight.Advance(length);
        return true;
    }

    private int WriteRecord(ContentType type, ushort epoch, Span<byte> buffer, ReadOnlySpan<byte> content)
    {
        ulong epochAndSequence = NextEpochAndSequence(epoch);
        if (epoch == 1)
        {
            content.CopyTo(buffer[RecordHeaderLength..]);
            return _handshake.Protection!.Seal(type, epochAndSequence, buffer, content.Length);
        }

        // RFC 6347 section 4.2.1: the first ClientHello may say 1.0 for old servers; every one of ours knows 1.2.
        new RecordHeader(type, DtlsVersion.Dtls12, 0, epochAndSequence & RecordHeader.MaxSequence, content.Length).Write(buffer);
        content.CopyTo(buffer[RecordHeader.EncodedLength..]);
        return RecordHeader.EncodedLength + content.Length;
    }
}
