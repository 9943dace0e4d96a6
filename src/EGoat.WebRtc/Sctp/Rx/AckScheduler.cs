using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.Sctp.Rx;

/// <summary>Decides when a SACK is due and which window it advertises (RFC 9260 section 6.2).</summary>
/// <remarks>
/// One SACK covers whatever has come since the last one was sent, until something is missing. While there are gaps, and for a
/// while afterwards, each packet gets a SACK in a packet of its own: senders without RACK count how many SACKs report a chunk
/// missing and retransmit it after three (section 7.2.4), their window grows with each SACK, and where data is lost, SACKs are too.
/// </remarks>
internal sealed class AckScheduler(ReceivedTsns received, ReassemblyQueue reassembly, int receiveWindow, int maxChunkLength, TimeSpan delay)
{
    /// <summary>Bytes of SACKs of single packets that wait to be sent; the packets beyond it share one.</summary>
    private const int MaxReportBytes = 32 * 1024;

    /// <summary>Packets after the last gap that are acknowledged one by one.</summary>
    private const int SinglePacketsAfterGap = 1024;

    /// <summary>DATA packets since the last SACK.</summary>
    private int _packets;
    private bool _isDue;
    private int _singlePackets;

    /// <summary>The window of the last SACK, to notice when reading has opened it.</summary>
    private long _advertisedWindow;

    /// <summary>SACKs of single packets, one behind the other; those before <see cref="_firstReport"/> were sent.</summary>
    private byte[] _reports = [];
    private int _firstReport;
    private int _reportsEnd;

    /// <summary>When the SACK of a single packet is sent although nothing has followed; null when none waits.</summary>
    public TimeSpan? Timer { get; private set; }

    /// <summary>What is left of the receive window.</summary>
    public long WindowLeft => Math.Max(0, receiveWindow - reassembly.BufferedBytes);

    /// <summary>The next packet to the peer, which is sent for it if need be, has a SACK.</summary>
    public void RequestAtOnce() => _isDue = true;

    /// <summary>A packet with DATA was handled.</summary>
    public void OnDataPacket(TimeSpan now)
    {
        _packets++;
        _singlePackets = received.HasGaps ? SinglePacketsAfterGap : Math.Max(0, _singlePackets - 1);
        if (_singlePackets > 0 && TryAddReport())
        {
            return;
        }

        // Every second packet, and every gap, at once; else a little later.
        if (_isDue || _packets >= 2 || received.HasGaps)
        {
            _isDue = true;
            Timer = null;
        }
        else
        {
            Timer ??= now + delay;
        }
    }

    /// <summary>The application has consumed something. A peer that was told of less than half the window may be waiting (RFC 9260 section 6.2: a SACK tells it).</summary>
    public void OnConsumed() => _isDue |= _advertisedWindow < receiveWindow / 2 && WindowLeft - _advertisedWindow >= receiveWindow / 4;

    public void HandleTimeout(TimeSpan now)
    {
        if (Timer <= now)
        {
            Timer = null;
            _isDue = true;
        }
    }

    /// <summary>Writes the SACK that is due next, if it fits; one that is not due yet too, if the packet is sent anyway.</summary>
    public void Write(ref PacketWriter writer, bool isSentAnyway)
    {
        if (_firstReport < _reportsEnd)
        {
            WriteReport(ref writer);
        }
        else if ((_isDue || (_packets > 0 && isSentAnyway)) && writer.Free >= SackChunk.MinLength)
        {
            WriteSack(ref writer);
        }
    }

    private void WriteReport(ref PacketWriter writer)
    {
        ReadOnlySpan<byte> report = SackChunk.TakeFirst(_reports.AsSpan(_firstReport, _reportsEnd - _firstReport));
        if (report.Length > writer.Free)
        {
            return;
        }

        writer.WriteBytes(report);
        _firstReport += report.Length;
        if (_firstReport == _reportsEnd)
        {
            _firstReport = _reportsEnd = 0;
        }
    }

    private bool TryAddReport()
    {
        if (_reports.Length == 0)
        {
            _reports = new byte[MaxReportBytes];
        }

        if (_reports.Length - _reportsEnd < maxChunkLength)
        {
            return false;
        }

        var writer = new PacketWriter(_reports.AsSpan(_reportsEnd, maxChunkLength), 0);
        WriteSack(ref writer);
        _reportsEnd += writer.Length;
        return true;
    }

    private void WriteSack(ref PacketWriter writer)
    {
        _advertisedWindow = WindowLeft;
        received.WriteSack(ref writer, (uint)_advertisedWindow);
        _isDue = false;
        _packets = 0;
        Timer = null;
    }
}
