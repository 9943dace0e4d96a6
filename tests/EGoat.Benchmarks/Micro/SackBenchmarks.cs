using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sctp.Tx;

namespace EGoat.Benchmarks.Micro;

/// <summary>
/// The sender's share of a chunk: noting it when it is sent and handling its part of a SACK for every second one, with a full
/// window in flight. Cumulative SACKs are the baseline; with a gap, every SACK repeats a block of the whole window.
/// </summary>
public class SackBenchmarks
{
    private const uint InitialTsn = 1;
    private const int ChunkBytes = 1132;
    private const int MessageBytes = 64 * 1024;
    private const byte MiddleFlags = 0;

    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1);

    private readonly byte[] _sack = new byte[SackChunk.FixedLength + SackChunk.GapBlockLength];
    private readonly SendQueue _sendQueue = new();
    private RetransmissionQueue _queue = null!;
    private OutboundMessage _message = null!;
    private uint _acknowledged;
    private int _gapLength;

    [Params(64, 1024, 8192)]
    public int WindowChunks { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        // Never fully acknowledged: its slices are what is in flight, over and over.
        _message = new OutboundMessage();
        _message.Begin(1, 53, new byte[MessageBytes], isUnordered: false, expires: null, maxRetransmits: null, isCounted: true);
        _message.Outstanding = 1;
        _queue = new RetransmissionQueue(InitialTsn, _sendQueue, canAbandon: false);
        _acknowledged = InitialTsn - 1;
        for (int i = 0; i < WindowChunks; i++)
        {
            Add();
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = 2)]
    public bool Cumulative()
    {
        Add();
        Add();
        _acknowledged += 2;
        return Handle(0);
    }

    // The first chunk of the window is missing; once the block spans it, the gap is filled.
    [Benchmark(OperationsPerInvoke = 2)]
    public bool BehindAGap()
    {
        Add();
        Add();
        _gapLength += 2;
        if (_gapLength < WindowChunks)
        {
            return Handle(_gapLength);
        }

        _acknowledged += (uint)_gapLength;
        _gapLength = 0;
        return Handle(0);
    }

    private void Add() => _queue.Add(Now, _message, 0, ChunkBytes, MiddleFlags, 0);

    private bool Handle(int gapLength)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_sack, _acknowledged);
        BinaryPrimitives.WriteUInt32BigEndian(_sack.AsSpan(4), uint.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(_sack.AsSpan(8), (ushort)(gapLength > 0 ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(_sack.AsSpan(12), 2);
        BinaryPrimitives.WriteUInt16BigEndian(_sack.AsSpan(14), (ushort)(1 + gapLength));
        return SackChunk.TryParse(_sack, out SackChunk sack) && _queue.HandleSack(Now, sack).IsValid ? true : throw new InvalidOperationException("The SACK was not taken.");
    }
}
