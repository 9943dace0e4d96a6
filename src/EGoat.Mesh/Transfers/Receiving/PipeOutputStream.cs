using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh;

/// <summary>
/// The standard output, or another open file, as received content goes into it. Unlike the console's own stream it fails when
/// nobody reads the pipe any more, it can be cancelled while the reader pauses, and flushing it waits until the reader has taken
/// everything: what lies in a pipe when its reader dies has not been delivered.
/// </summary>
public sealed partial class PipeOutputStream : Stream
{
    /// <summary>What a pipe with room takes without waiting (PIPE_BUF).</summary>
    private const int PipeBuffer = 4096;

    private const int PollMilliseconds = 100;
    private const short ReadyToWrite = 4; // POLLOUT
    private const short Failed = 8 | 16 | 32; // POLLERR, POLLHUP, POLLNVAL
    private const nuint UnreadBytes = 0x541B; // FIONREAD
    private const int Interrupted = 4; // EINTR

    private readonly SafeFileHandle _file;
    private readonly bool _isPipe;

    /// <summary>Writes to an open file, which stays open.</summary>
    internal PipeOutputStream(SafeFileHandle file, bool isPipe) => (_file, _isPipe) = (file, isPipe);

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The standard output of this process. On Windows the console's own stream.</summary>
    public static Stream OpenStandardOutput() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new PipeOutputStream(new SafeFileHandle(1, ownsHandle: false), new FileInfo("/proc/self/fd/1").LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count), CancellationToken.None);

    /// <inheritdoc/>
    /// <exception cref="IOException">Nobody reads it any more, or it cannot be written.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await Task.Run(() => Write(buffer.Span, cancellationToken), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush() => Flush(CancellationToken.None);

    /// <inheritdoc/>
    /// <exception cref="IOException">The reader has gone before it had everything.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.Run(() => Flush(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private static IOException Gone() => new("Whoever reads the output has gone.");

    // Into a pipe only what it has room for: a write that waits for a reader could not be given up.
    private void Write(ReadOnlySpan<byte> content, CancellationToken cancellationToken)
    {
        while (!content.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_isPipe && !Wait(ReadyToWrite))
            {
                continue;
            }

            nint written = Write(_file, in MemoryMarshal.GetReference(content), _isPipe ? Math.Min(content.Length, PipeBuffer) : content.Length);
            if (written < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                {
                    throw _isPipe ? Gone() : new IOException($"The output cannot be written: {new Win32Exception(error).Message}");
                }
            }
            else
            {
                content = content[(int)written..];
            }
        }
    }

    private void Flush(CancellationToken cancellationToken)
    {
        if (!_isPipe || !OperatingSystem.IsLinux())
        {
            return;
        }

        while (true)
        {
            bool isGone = Wait(0);
            int unread = 0;
            if (Control(_file, UnreadBytes, ref unread) != 0 || unread == 0)
            {
                return;
            }

            if (isGone)
            {
                throw Gone();
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // True when it is ready, or nobody reads it any more.
    private bool Wait(short events)
    {
        var poll = new PollRequest { File = (int)_file.DangerousGetHandle(), Events = events };
        return Poll(ref poll, 1, PollMilliseconds) > 0 && (poll.Returned & (events | Failed)) != 0;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, in byte content, nint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest request, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, ref int value);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
