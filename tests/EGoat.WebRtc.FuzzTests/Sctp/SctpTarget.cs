using System.Buffers.Binary;
using System.Reflection;
using EGoat.Testing;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;

namespace EGoat.WebRtc.FuzzTests.Sctp;

/// <summary>
/// An association A in a chosen state, and its honest peer Z, whose packets are kept. What A is given is followed by checks
/// of everything that always holds.
/// </summary>
internal sealed class SctpTarget
{
    /// <summary>More packets at once than control chunks and a congestion window make.</summary>
    private const int MaxAnswers = 400;

    private const int KeptPackets = 40;

    private static readonly FieldInfo TransferField = typeof(SctpAssociation).GetField("_transfer", BindingFlags.Instance | BindingFlags.NonPublic)!;
    private static readonly PropertyInfo ReassemblyProperty = TransferField.FieldType.GetProperty("Reassembly")!;

    private readonly byte[] _buffer = new byte[2048];

    private SctpTarget(SctpOptions options, int seed, PacketLog log)
    {
        Options = options;
        Log = log;
        Log.Now = TimeSpan.FromSeconds(1);
        A = new SctpAssociation(options, new SeededEntropy((2 * seed) + 1));
        Z = new SctpAssociation(options, new SeededEntropy((2 * seed) + 2));
        Channels = new DataChannelSet(A) { MaxMessageSize = options.MaxMessageSize };
        Channels.SetDtlsRole(true);
    }

    public SctpOptions Options { get; }

    public PacketLog Log { get; }

    public SctpAssociation A { get; }

    public SctpAssociation Z { get; }

    /// <summary>The channels of A.</summary>
    public DataChannelSet Channels { get; }

    /// <summary>The last packets of Z, delivered or not.</summary>
    public List<byte[]> FromZ { get; } = [];

    /// <summary>The last HEARTBEAT of A, which a hostile peer answers with other numbers.</summary>
    public byte[]? Heartbeat { get; private set; }

    /// <summary>The tag that packets to A carry.</summary>
    public uint TagOfA { get; private set; }

    public uint InitialTsnOfA { get; private set; }

    public uint InitialTsnOfZ { get; private set; }

    /// <summary>COOKIE ECHO of Z with A's cookie of this very association.</summary>
    public byte[] CookieEchoOfZ { get; private set; } = [];

    public TimeSpan Now
    {
        get => Log.Now;
        set => Log.Now = value;
    }

    public long BufferedBytes => TransferField.GetValue(A) is { } transfer ? ((ReassemblyQueue)ReassemblyProperty.GetValue(transfer)!).BufferedBytes : 0;

    /// <summary>Brings A into a state by talking to Z. What Z would say next is kept, not delivered.</summary>
    public static SctpTarget InState(SctpState state, SctpOptions options, int seed, PacketLog log)
    {
        var target = new SctpTarget(options, seed, log);
        target.Reach(state);
        if (target.A.State != state)
        {
            throw log.Failure($"A is {target.A.State} and was to be {state}");
        }

        return target;
    }

    /// <summary>Gives A a packet and checks what always holds.</summary>
    public void Deliver(byte[] packet)
    {
        Log.Add("-> A", packet);
        SctpState before = A.State;
        bool hadEnded = A.EndReason is not null;
        try
        {
            A.HandlePacket(Now, packet);
            Channels.Drain(Now);
        }
        catch (Exception e)
        {
            throw Log.Failure($"{before}: {e}");
        }

        if (!MayFollow(before, A.State) || (hadEnded && A.State != SctpState.Closed))
        {
            throw Log.Failure($"{before} became {A.State}");
        }

        Check();
    }

    /// <summary>Polls all that A sends; each packet is one that a peer can read.</summary>
    public List<byte[]> PollA()
    {
        var packets = new List<byte[]>();
        try
        {
            while (A.TryPollPacket(Now, _buffer, out int length))
            {
                byte[] packet = _buffer[..length];
                packets.Add(packet);
                Log.Add("<- A", packet);
                Note(packet);
                if (length > A.MaxPacketSize || !SctpChunks.IsWellFormed(packet) || !SctpPacket.HasValidChecksum(packet, Options.EnableZeroChecksum))
                {
                    throw Log.Failure($"{A.State}: A sent a packet that no peer can read");
                }

                if (packets.Count > MaxAnswers)
                {
                    throw Log.Failure($"{A.State}: A sends without end");
                }
            }

            Channels.Drain(Now);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            throw Log.Failure($"{A.State}, sending: {e}");
        }

        Check();
        return packets;
    }

    public void HandleTimeout()
    {
        try
        {
            A.HandleTimeout(Now);
            Channels.Drain(Now);
        }
        catch (Exception e)
        {
            throw Log.Failure($"{A.State}, timeout: {e}");
        }

        Z.HandleTimeout(Now);
    }

    /// <summary>What A says reaches Z; what Z says is kept, and reaches A if it is to.</summary>
    public void Exchange(bool deliver = true)
    {
        foreach (byte[] packet in PollA())
        {
            Z.HandlePacket(Now, packet);
        }

        foreach (byte[] packet in PollZ())
        {
            if (deliver)
            {
                Deliver(packet);
            }
        }
    }

    /// <summary>Exchanges until there is nothing more to say.</summary>
    public void Settle()
    {
        for (int i = 0; i < 10; i++)
        {
            Exchange();
        }
    }

    public List<byte[]> PollZ()
    {
        var packets = new List<byte[]>();
        while (Z.TryPollPacket(Now, _buffer, out int length))
        {
            packets.Add(_buffer[..length]);
        }

        while (Z.TryReceive(out SctpMessage message))
        {
            Z.Release(message.Length);
            message.Return();
        }

        while (Z.TryPollEvent(out _))
        {
        }

        FromZ.AddRange(packets);
        FromZ.RemoveRange(0, Math.Max(0, FromZ.Count - KeptPackets));
        return packets;
    }

    private static bool MayFollow(SctpState from, SctpState to) => to == from || to == SctpState.Closed || from switch
    {
        SctpState.Closed => to is SctpState.Established or SctpState.ShutdownReceived or SctpState.ShutdownAckSent,
        SctpState.CookieWait => to is SctpState.CookieEchoed or SctpState.Established or SctpState.ShutdownReceived or SctpState.ShutdownAckSent,
        SctpState.CookieEchoed => to is SctpState.CookieWait or SctpState.Established or SctpState.ShutdownReceived or SctpState.ShutdownAckSent,
        SctpState.Established => to is SctpState.ShutdownReceived or SctpState.ShutdownAckSent,
        SctpState.ShutdownPending => to is SctpState.ShutdownSent or SctpState.ShutdownReceived or SctpState.ShutdownAckSent,
        SctpState.ShutdownSent or SctpState.ShutdownReceived => to == SctpState.ShutdownAckSent,
        _ => false,
    };

    private void Check()
    {
        if (A.EndReason is not null && (A.State != SctpState.Closed || A.NextTimeout is not null))
        {
            throw Log.Failure($"A has ended, is {A.State} and wants to be called at {A.NextTimeout}");
        }

        long bound = (2L * Options.ReceiveWindow) + (ushort.MaxValue * ReassemblyQueue.Overhead) + Options.MaxMessageSize;
        if (BufferedBytes < 0 || BufferedBytes > bound)
        {
            throw Log.Failure($"A holds {BufferedBytes} bytes");
        }
    }

    private void Note(byte[] packet)
    {
        switch ((ChunkType)packet[SctpPacket.HeaderLength])
        {
            case ChunkType.Init:
                TagOfA = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16));
                InitialTsnOfA = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(28));
                break;
            case ChunkType.Heartbeat:
                Heartbeat = packet;
                break;
            default:
                break;
        }
    }

    private void Reach(SctpState state)
    {
        DataChannel channel = Channels.Create(Now, "egoat", new());
        Channels.Create(Now, "partial", new() { Ordered = false, MaxRetransmits = 0 });
        Z.Connect(Now);
        byte[] initOfZ = PollZ()[0];
        InitialTsnOfZ = BinaryPrimitives.ReadUInt32BigEndian(initOfZ.AsSpan(28));
        byte[] initOfA = [];
        if (state != SctpState.Closed)
        {
            A.Connect(Now);
            initOfA = PollA()[0];
        }

        Deliver(initOfZ);
        Z.HandlePacket(Now, PollA()[0]);
        CookieEchoOfZ = PollZ()[0];
        if (state == SctpState.Closed)
        {
            TagOfA = SctpPacket.ReadVerificationTag(CookieEchoOfZ);
            return;
        }

        Z.HandlePacket(Now, initOfA);
        byte[] initAckOfZ = PollZ()[0];
        if (state == SctpState.CookieWait)
        {
            return;
        }

        Deliver(initAckOfZ);
        Exchange(deliver: state != SctpState.CookieEchoed);
        if (state == SctpState.CookieEchoed)
        {
            return;
        }

        Settle();
        if (state is SctpState.ShutdownPending or SctpState.ShutdownReceived)
        {
            channel.Send(Now, new byte[300], false);
            PollA(); // Z does not hear it, and so cannot acknowledge it with its SHUTDOWN
        }

        if (state is SctpState.ShutdownPending or SctpState.ShutdownSent)
        {
            A.Shutdown(Now);
            Channels.Drain(Now);
            Exchange(deliver: false);
        }
        else if (state is SctpState.ShutdownReceived or SctpState.ShutdownAckSent)
        {
            Z.Shutdown(Now);
            Deliver(PollZ()[^1]);
            Exchange(deliver: false);
        }
    }
}
