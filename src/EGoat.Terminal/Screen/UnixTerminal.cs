using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace EGoat.Terminal;

/// <summary>
/// The terminal of this process on Unix: raw while it is open, so that keys come one by one and are not echoed; signals (Ctrl+C,
/// Ctrl+Z) stay with the system.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class UnixTerminal : OutputTerminal
{
    /// <summary>How long a key that begins with an escape may take.</summary>
    private const int SequenceMilliseconds = 30;

    /// <summary>How often waiting looks at cancellation and size.</summary>
    private const int WaitMilliseconds = 200;

    private const int StandardInput = 0;

    /// <summary>Longer than any system's termios.</summary>
    private const int TermiosSize = 256;
    private const int DrainFirst = 1;
    private const short PollIn = 1;

    private readonly byte[] _saved = new byte[TermiosSize];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly KeyDecoder _decoder = new();
    private readonly PosixSignalRegistration _resizing;
    private readonly PosixSignalRegistration _continuing;
    private int _hasResized;
    private int _isRestored;

    private UnixTerminal()
    {
        if (GetAttributes(StandardInput, _saved) != 0)
        {
            throw new IOException("Standard input is no terminal.");
        }

        MakeRaw();
        _resizing = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Volatile.Write(ref _hasResized, 1));
        _continuing = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ =>
        {
            MakeRaw();
            Volatile.Write(ref _hasResized, 1);
        });
        AppDomain.CurrentDomain.ProcessExit += Restore;
        Write(TerminalModes.Begin);
    }

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">Standard input is no terminal.</exception>
    public static UnixTerminal Open() => new();

    public override IReadOnlyList<TerminalInput>? Read(CancellationToken cancellationToken)
    {
        var keys = new List<TerminalInput>();
        while (keys.Count == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Interlocked.Exchange(ref _hasResized, 0) != 0)
            {
                return keys;
            }

            if (!IsReadable(WaitMilliseconds))
            {
                continue;
            }

            // Everything that is there, and the rest of a key that has begun.
            do
            {
                nint count = ReadBytes(StandardInput, _buffer, _buffer.Length);
                if (count <= 0)
                {
                    return keys.Count > 0 ? keys : null;
                }

                _decoder.Decode(_buffer.AsSpan(0, (int)count), keys);
            }
            while (IsReadable(_decoder.IsInSequence ? SequenceMilliseconds : 0));
            _decoder.Flush(keys);
        }

        return keys;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            AppDomain.CurrentDomain.ProcessExit -= Restore;
            Restore(null, EventArgs.Empty);
            _resizing.Dispose();
            _continuing.Dispose();
        }

        base.Dispose(disposing);
    }

    private static bool IsReadable(int milliseconds)
    {
        var descriptor = new PollDescriptor { Descriptor = StandardInput, Events = PollIn };
        return Poll(ref descriptor, 1, milliseconds) > 0;
    }

    private void Restore(object? sender, EventArgs e)
    {
        if (Interlocked.Exchange(ref _isRestored, 1) == 0)
        {
            try
            {
                Write(TerminalModes.End);
            }
            catch (IOException)
            {
                // The terminal is gone.
            }

            _ = SetAttributes(StandardInput, DrainFirst, _saved);
        }
    }

    // Raw, but for two things: line ends of output stay what other writers expect, and keys may still be signals.
    private void MakeRaw()
    {
        byte[] raw = [.. _saved];
        CfMakeRaw(raw);
        if (OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() || OperatingSystem.IsIOS())
        {
            bool isWide = OperatingSystem.IsMacOS();
            int size = isWide ? 8 : 4;
            _saved.AsSpan(size, size).CopyTo(raw.AsSpan(size));
            raw[3 * size] |= 0x80;
        }
        else
        {
            _saved.AsSpan(4, 4).CopyTo(raw.AsSpan(4));
            uint local = BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(12));
            BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(12), local | 1);
        }

        _ = SetAttributes(StandardInput, DrainFirst, raw);
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int descriptor, [Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int descriptor, int when, byte[] termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void CfMakeRaw([In, Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadBytes(int descriptor, [Out] byte[] buffer, nint count);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
