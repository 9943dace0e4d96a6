namespace EGoat.WebRtc.Sockets;

/// <summary>
/// Buffers that datagrams are built in, lent to threads while they send: as many as send at once, however many connections
/// there are.
/// </summary>
internal sealed class SendBuffers
{
    /// <summary>The longest batch that the kernel takes at once.</summary>
    private const int Length = 64 * 1024;

    /// <summary>Buffers that are kept; more exist only while more threads send.</summary>
    private const int MaxKept = 16;

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _kept = new(MaxKept);

    /// <summary>A buffer of its own for the caller; pinned, since the kernel reads from it.</summary>
    public byte[] Rent()
    {
        lock (_gate)
        {
            if (_kept.TryPop(out byte[]? buffer))
            {
                return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(Length, pinned: true);
    }

    /// <summary>The caller has sent what it had.</summary>
    public void Return(byte[] buffer)
    {
        lock (_gate)
        {
            if (_kept.Count < MaxKept)
            {
                _kept.Push(buffer);
            }
        }
    }
}
