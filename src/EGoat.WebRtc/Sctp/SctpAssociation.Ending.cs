using System.Buffers.Binary;
using System.Text;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Tracing;

namespace EGoat.WebRtc.Sctp;

internal sealed partial class SctpAssociation
{
    private const int MaxReasonLength = 128;

    private int _shutdownTransmissions;

    /// <summary>The association ends as soon as it is established.</summary>
    private bool _isShutdownWanted;

    /// <summary>Ends in good order: everything queued is delivered first (RFC 9260 section 9.2).</summary>
    public void Shutdown(TimeSpan now)
    {
        switch (State)
        {
            case SctpState.Established:
                State = SctpState.ShutdownPending;
                AdvanceShutdown(now);
                break;
            case SctpState.CookieEchoed:
                _isShutdownWanted = true; // the peer may be established by now
                break;
            case SctpState.Closed or SctpState.CookieWait:
                Finish(SctpEvent.Of(SctpEventType.Closed));
                break;
            default:
                break;
        }
    }

    /// <summary>Ends at once and tells the peer why (RFC 9260 section 9.1).</summary>
    public void Abort(string reason)
    {
        if (!IsEnded)
        {
            Fail(reason, ErrorCause.UserInitiatedAbort);
        }
    }

    private static void WriteCause(Span<byte> cause, ErrorCause code, uint value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(cause, (ushort)code);
        BinaryPrimitives.WriteUInt16BigEndian(cause[2..], 8);
        BinaryPrimitives.WriteUInt32BigEndian(cause[4..], value);
    }

    // Data has been acknowledged, or the peer is shutting down: go on when nothing is left to send.
    private void AdvanceShutdown(TimeSpan now)
    {
        if (_transfer is not { } transfer || !transfer.Outstanding.IsEmpty || !_sendQueue.IsEmpty)
        {
            return;
        }

        if (State == SctpState.ShutdownPending)
        {
            State = SctpState.ShutdownSent;
            StartShutdownTimer(now);
        }
        else if (State == SctpState.ShutdownReceived)
        {
            State = SctpState.ShutdownAckSent;
            StartShutdownTimer(now);
        }
    }

    private void StartShutdownTimer(TimeSpan now)
    {
        _shutdownTransmissions = 0;
        SendShutdown(now);
    }

    private void SendShutdown(TimeSpan now)
    {
        _shutdownTimer = now + _timeout.Value;
        if (State == SctpState.ShutdownSent)
        {
            Span<byte> cumulativeTsn = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(cumulativeTsn, (uint)_transfer!.Received.CumulativeTsn);
            QueueControl(_peerTag, ChunkType.Shutdown, 0, cumulativeTsn);
        }
        else
        {
            QueueControl(_peerTag, ChunkType.ShutdownAck, 0, []);
        }
    }

    private void HandleShutdownTimeout(TimeSpan now)
    {
        if (++_shutdownTransmissions > _options.MaxRetransmits)
        {
            Fail("The peer does not answer the SCTP shutdown.");
            return;
        }

        _trace?.IfOn?.Write(TraceCategory.Sctp, "T2 has expired: the shutdown is sent again");
        _timeout.BackOff();
        SendShutdown(now);
    }

    private void HandleShutdown(TimeSpan now, ReadOnlySpan<byte> value)
    {
        if (value.Length < sizeof(uint) || _transfer is not { } transfer)
        {
            return;
        }

        if (State is SctpState.Established or SctpState.ShutdownPending)
        {
            State = SctpState.ShutdownReceived;
        }

        if (State == SctpState.ShutdownReceived)
        {
            AcknowledgeByShutdown(now, transfer, value[..sizeof(uint)]);
            AdvanceShutdown(now);
        }
        else if (State == SctpState.ShutdownSent)
        {
            State = SctpState.ShutdownAckSent; // both at once (RFC 9260 section 9.2)
            StartShutdownTimer(now);
        }
    }

    // RFC 9260 section 9.2: a peer that is shutting down may say with SHUTDOWN alone what has arrived.
    private void AcknowledgeByShutdown(TimeSpan now, Transfer transfer, ReadOnlySpan<byte> cumulativeTsn)
    {
        Span<byte> sack = stackalloc byte[SackChunk.FixedLength];
        sack.Clear();
        cumulativeTsn.CopyTo(sack);
        BinaryPrimitives.WriteUInt32BigEndian(sack[sizeof(uint)..], (uint)Math.Clamp(transfer.PeerWindow + transfer.Outstanding.FlightSize, 0, uint.MaxValue));
        HandleSack(now, sack);
    }

    private void HandleShutdownAck(uint tag)
    {
        if (State is SctpState.CookieWait or SctpState.CookieEchoed)
        {
            QueueControl(tag, ChunkType.ShutdownComplete, ReflectedTagFlag, []); // it ends an association before this one (RFC 9260 section 8.5.1, E)
        }
        else if (State is SctpState.ShutdownSent or SctpState.ShutdownAckSent)
        {
            QueueControl(_peerTag, ChunkType.ShutdownComplete, 0, []);
            Finish(SctpEvent.Of(SctpEventType.Closed));
        }
    }

    private void HandleShutdownComplete()
    {
        if (State == SctpState.ShutdownAckSent)
        {
            Finish(SctpEvent.Of(SctpEventType.Closed));
        }
    }

    // RFC 9260 section 8.4: the peer has not heard that the association is over.
    private void HandleOutOfTheBlue(ReadOnlySpan<byte> packet, uint tag)
    {
        DroppedPackets++;
        if (!new TlvReader(packet[SctpPacket.HeaderLength..]).TryReadChunk(out ChunkType type, out _, out ReadOnlySpan<byte> value))
        {
            return;
        }

        switch (type)
        {
            case ChunkType.Abort or ChunkType.ShutdownComplete or ChunkType.CookieAck or ChunkType.Error:
                break;
            case ChunkType.Init:
                if (InitChunk.TryParse(value, out InitChunk init))
                {
                    QueueControl(init.InitiateTag, ChunkType.Abort, 0, []);
                }

                break;
            case ChunkType.ShutdownAck:
                QueueControl(tag, ChunkType.ShutdownComplete, ReflectedTagFlag, []);
                break;
            default:
                QueueControl(tag, ChunkType.Abort, ReflectedTagFlag, []);
                break;
        }
    }

    private void HandleAbort(ReadOnlySpan<byte> value)
    {
        if (State == SctpState.Closed)
        {
            return;
        }

        EndReason = "The peer aborted the SCTP association" + ReadReason(value, out bool isByUser);
        IsAbortedByUser = isByUser;
        Finish(new SctpEvent(SctpEventType.Aborted, [], EndReason));
    }

    private static string ReadReason(ReadOnlySpan<byte> causes, out bool isByUser)
    {
        isByUser = false;
        var reader = new TlvReader(causes);
        while (reader.TryRead(out ushort code, out ReadOnlySpan<byte> value))
        {
            isByUser |= (ErrorCause)code == ErrorCause.UserInitiatedAbort;
            if ((ErrorCause)code is ErrorCause.UserInitiatedAbort or ErrorCause.ProtocolViolation && !value.IsEmpty)
            {
                string text = Encoding.UTF8.GetString(value[..Math.Min(value.Length, MaxReasonLength)]);
                return ": " + string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
            }
        }

        return ".";
    }

    private void HandleError(TimeSpan now, ReadOnlySpan<byte> value)
    {
        var causes = new TlvReader(value);
        while (causes.TryRead(out ushort code, out _))
        {
            // RFC 9260 section 5.2.6: the way to the peer took too long; begin again.
            if ((ErrorCause)code == ErrorCause.StaleCookie && State == SctpState.CookieEchoed)
            {
                State = SctpState.Closed;
                _transfer = null;
                Connect(now);
            }
        }
    }

    private void Fail(string reason, ErrorCause cause = ErrorCause.ProtocolViolation, uint? value = null)
    {
        if (IsEnded)
        {
            return;
        }

        EndReason = reason;
        uint tag = _peerTag;
        Finish(new SctpEvent(SctpEventType.Aborted, [], reason));
        if (tag == 0)
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[TlvReader.HeaderLength + MaxReasonLength];
        if (value is { } number)
        {
            WriteCause(buffer, cause, number);
            QueueControl(tag, ChunkType.Abort, 0, buffer[..8]);
            return;
        }

        byte[] text = Encoding.UTF8.GetBytes(reason);
        int length = Math.Min(text.Length, MaxReasonLength);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)cause);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], (ushort)(TlvReader.HeaderLength + length));
        text.AsSpan(0, length).CopyTo(buffer[TlvReader.HeaderLength..]);
        QueueControl(tag, ChunkType.Abort, 0, buffer[..(TlvReader.HeaderLength + length)]);
    }

    private void Finish(in SctpEvent e)
    {
        State = SctpState.Closed;
        _trace?.IfOn?.Write(TraceCategory.Sctp, e.Reason.Length > 0 ? $"{e.Type}: {e.Reason}" : $"{e.Type}");
        EndReason ??= "The association was shut down.";
        IsShutDown = e.Type == SctpEventType.Closed;
        Report(e);
    }
}
