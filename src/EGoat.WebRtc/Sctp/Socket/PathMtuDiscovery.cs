namespace EGoat.WebRtc.Sctp.Socket;

/// <summary>Finds out how long packets may be on the present path (RFC 8899): by sending longer ones that nothing depends on.</summary>
/// <remarks>
/// Sizes are those of SCTP packets. It begins when a path has carried <see cref="BytesBeforeProbing"/>, since a chat has no use for
/// longer packets. Knows nothing of the wire.
/// </remarks>
internal sealed class PathMtuDiscovery
{
    /// <summary>Payload that a path must have carried to be worth a probe.</summary>
    public const long BytesBeforeProbing = 256 * 1024;

    /// <summary>RFC 8899 section 5.1.2, MAX_PROBES.</summary>
    private const int MaxProbes = 3;

    /// <summary>
    /// What is tried, one after the other (section 5.3.2): tunnels, Ethernet with IPv6, jumbo frames, and what a DTLS record holds,
    /// which loopback carries.
    /// </summary>
    private static readonly int[] Sizes = [1312, 1412, 8912, 16_000];

    /// <summary>RFC 8899 section 5.1.1, PMTU_RAISE_TIMER.</summary>
    private static readonly TimeSpan RaiseInterval = TimeSpan.FromSeconds(600);

    private readonly int _basePacketSize;
    private readonly int _maxPacketSize;
    private long _carried;
    private int _probes;

    public PathMtuDiscovery(int basePacketSize, int maxPacketSize)
    {
        _basePacketSize = PacketSize = basePacketSize;
        _maxPacketSize = maxPacketSize;
    }

    /// <summary>The longest packet that this path is known to carry, in bytes.</summary>
    public int PacketSize { get; private set; }

    /// <summary>The size of the probe that is on its way or due; 0 when there is none.</summary>
    public int ProbedSize { get; private set; }

    /// <summary>Whether the probe is to be sent.</summary>
    public bool IsProbeDue { get; private set; }

    /// <summary>PROBE_TIMER or PMTU_RAISE_TIMER.</summary>
    public TimeSpan? Timer { get; private set; }

    /// <summary>The path has carried payload.</summary>
    public void OnAcknowledged(long bytes)
    {
        bool wasWaiting = _carried < BytesBeforeProbing;
        _carried += bytes;
        if (wasWaiting && _carried >= BytesBeforeProbing)
        {
            ProbeNext();
        }
    }

    /// <summary>The probe was sent; without an answer by then it counts as lost.</summary>
    public void OnProbeSent(TimeSpan deadline)
    {
        IsProbeDue = false;
        _probes++;
        Timer = deadline;
    }

    /// <summary>The peer has received the probe.</summary>
    public void OnProbeAcknowledged(TimeSpan now)
    {
        if (ProbedSize == 0 || IsProbeDue)
        {
            return; // given up meanwhile
        }

        PacketSize = ProbedSize;
        ProbeNext();
        Timer = ProbedSize == 0 ? now + RaiseInterval : null;
    }

    public void HandleTimeout(TimeSpan now)
    {
        if (ProbedSize == 0)
        {
            ProbeNext();
            Timer = ProbedSize == 0 ? now + RaiseInterval : null;
        }
        else if (_probes < MaxProbes)
        {
            IsProbeDue = true;
            Timer = null;
        }
        else
        {
            ProbedSize = 0;
            Timer = now + RaiseInterval;
        }
    }

    /// <summary>
    /// T3 has expired. That may be a path which carries less than before (section 4.3): packets are short until the path is known
    /// again, which takes a round trip for each size.
    /// </summary>
    public void OnRetransmissionTimeout()
    {
        if (PacketSize > _basePacketSize)
        {
            PacketSize = _basePacketSize;
            Timer = null;
            ProbeNext();
        }
    }

    /// <summary>Packets take another path now, of which nothing is known.</summary>
    public void Reset()
    {
        (PacketSize, ProbedSize, IsProbeDue, Timer) = (_basePacketSize, 0, false, null);
        _carried = 0;
    }

    private void ProbeNext()
    {
        int next = Array.Find(Sizes, size => size > PacketSize);
        next = Math.Min(next, _maxPacketSize);
        ProbedSize = next > PacketSize ? next : 0;
        IsProbeDue = ProbedSize != 0;
        _probes = 0;
    }
}
