using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Many datagrams in one call of the kernel: UDP_SEGMENT cuts what is sent, UDP_GRO joins what is received (Linux, udp(7)).
/// The environment variable <c>EGOAT_GSO=off</c> turns both off.
/// </summary>
internal static unsafe partial class SegmentationOffload
{
    /// <summary>UDP_MAX_SEGMENTS of the kernel: more segments in one call are refused.</summary>
    public const int MaxSegments = 64;

    /// <summary>The longest payload of a UDP datagram over IPv4; segments of one call count together.</summary>
    public const int MaxPayload = 65_507;

    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private const int UdpGro = 104;
    private const int Eintr = 4;
    private const int Eio = 5;
    private const int Einval = 22;
    private const int Eopnotsupp = 95;

    /// <summary>Whether this platform has the calls; a socket finds out whether its path has them too.</summary>
    public static bool IsSupported { get; } =
        OperatingSystem.IsLinux()
        && Environment.Is64BitProcess
        && !"off".Equals(Environment.GetEnvironmentVariable("EGOAT_GSO"), StringComparison.OrdinalIgnoreCase);

    /// <summary>Lets the kernel hand over several received datagrams at once. False where it cannot.</summary>
    public static bool TryEnableReceive(Socket socket)
    {
        if (!IsSupported)
        {
            return false;
        }

        try
        {
            socket.SetRawSocketOption(SolUdp, UdpGro, BitConverter.GetBytes(1));
            return true;
        }
        catch (SocketException)
        {
            return false; // a kernel before 5.0
        }
    }

    /// <summary>
    /// Sends datagrams of one size, only the last may be shorter, in one call. False where the kernel or the network
    /// interface cannot do that: they are to be sent one by one, now and later.
    /// </summary>
    public static bool TrySend(Socket socket, ReadOnlySpan<byte> datagrams, ushort segmentSize, SocketAddress to)
    {
        Span<byte> control = stackalloc byte[ControlMessage.Space];
        control.Clear();
        fixed (byte* data = datagrams)
        fixed (byte* name = to.Buffer.Span)
        fixed (byte* controlBytes = control)
        {
            *(ControlMessage*)controlBytes = new ControlMessage { Length = ControlMessage.LengthUsed, Level = SolUdp, Type = UdpSegment, SegmentSize = segmentSize };
            var vector = new IoVector { Base = data, Length = (nuint)datagrams.Length };
            var message = new MessageHeader { Name = name, NameLength = (uint)to.Size, Vectors = &vector, VectorCount = 1, Control = controlBytes, ControlLength = ControlMessage.Space };
            int error;
            do
            {
                error = SendMessage(socket.SafeHandle, &message, 0) < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Eintr);

            // Any other error is that of a datagram which is lost on the way.
            return error is not (Eio or Einval or Eopnotsupp);
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, MessageHeader* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct cmsghdr with a 16-bit value behind it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlMessage
    {
        /// <summary>CMSG_LEN(2).</summary>
        public const int LengthUsed = 18;

        /// <summary>CMSG_SPACE(2).</summary>
        public const int Space = 24;

        public nuint Length;
        public int Level;
        public int Type;
        public ushort SegmentSize;
    }
}
