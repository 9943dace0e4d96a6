using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Tells when IPv6 addresses of a Linux machine come or go: <see cref="System.Net.NetworkInformation.NetworkChange"/> listens
/// there for those of IPv4 only. The kernel tells by itself (rtnetlink(7)).
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxIPv6Changes
{
    private const int AfNetlink = 16;
    private const int SockRaw = 3;
    private const int SockCloexec = 0x80000;
    private const int NetlinkRoute = 0;
    private const uint IPv6AddressGroup = 0x100;
    private const int InterruptedError = 4;
    private const int NoBufferSpaceError = 105;

    /// <summary>More than one message of the kernel takes; what is longer is cut, which does not matter here.</summary>
    private const int MaxMessage = 8192;

    /// <summary>Calls back, on a thread of its own, whenever addresses may have changed, until the process ends. Where the system does not allow it, never.</summary>
    public static void Watch(Action changed)
    {
        int socket = Socket(AfNetlink, SockRaw | SockCloexec, NetlinkRoute);
        if (socket < 0)
        {
            return;
        }

        var address = new NetlinkAddress { Family = AfNetlink, Groups = IPv6AddressGroup };
        if (Bind(socket, in address, Marshal.SizeOf<NetlinkAddress>()) != 0)
        {
            _ = Close(socket);
            return;
        }

        new Thread(() => Read(socket, changed)) { IsBackground = true, Name = "E-Goat addresses" }.Start();
    }

    private static void Read(int socket, Action changed)
    {
        Span<byte> message = stackalloc byte[MaxMessage];
        while (true)
        {
            nint length = Receive(socket, message, message.Length, 0);
            int error = length < 0 ? Marshal.GetLastPInvokeError() : 0;

            // Without buffer space the kernel has dropped messages: something has changed all the same.
            if (length > 0 || error == NoBufferSpaceError)
            {
                changed();
            }
            else if (error != InterruptedError)
            {
                _ = Close(socket);
                return;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, in NetlinkAddress address, int length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, Span<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int socket);

    /// <summary><c>sockaddr_nl</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct NetlinkAddress
    {
        public ushort Family;
        public ushort Padding;
        public uint ProcessId;
        public uint Groups;
    }
}
