using BenchmarkDotNet.Attributes;
using EGoat.WebRtc.Sctp;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Rx;

namespace EGoat.Benchmarks.Micro;

/// <summary>Putting a message of 64 KiB together from fragments, in order and in reverse, beside copying it.</summary>
public class ReassemblyBenchmarks
{
    private const int FragmentBytes = 1128;
    private const int FragmentCount = 58;
    private const int InterleavedValueLength = DataChunk.InterleavedHeaderLength - TlvReader.HeaderLength;

    private readonly ReassemblyQueue _queue = new(256 * 1024);
    private readonly byte[][] _fragments = [.. Enumerable.Range(0, FragmentCount).Select(_ => new byte[InterleavedValueLength + FragmentBytes])];
    private readonly byte[] _copy = new byte[FragmentBytes * FragmentCount];
    private uint _message;
    private long _tsn;

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        for (int i = 0; i < FragmentCount; i++)
        {
            _fragments[i].AsSpan(InterleavedValueLength).CopyTo(_copy.AsSpan(i * FragmentBytes));
        }
    }

    [Benchmark]
    public int InOrder()
    {
        for (int i = 0; i < FragmentCount; i++)
        {
            Add(i);
        }

        return Take();
    }

    [Benchmark]
    public int Reversed()
    {
        for (int i = FragmentCount - 1; i >= 0; i--)
        {
            Add(i);
        }

        return Take();
    }

    private void Add(int fragment)
    {
        byte[] value = _fragments[fragment];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(8), _message);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(12), fragment == 0 ? 53u : (uint)fragment);
        byte flags = (byte)((fragment == 0 ? DataChunk.BeginFlag : 0) | (fragment == FragmentCount - 1 ? DataChunk.EndFlag : 0));
        if (!DataChunk.TryParse(ChunkType.IData, flags, value, out DataChunk chunk) || _queue.Add(chunk, _tsn++) is not null)
        {
            throw new InvalidOperationException("The fragment was not taken.");
        }
    }

    private int Take()
    {
        _message++;
        if (!_queue.TryTake(out SctpMessage message))
        {
            throw new InvalidOperationException("The message is not whole.");
        }

        _queue.Release(message.Length);
        message.Return();
        return message.Length;
    }
}
