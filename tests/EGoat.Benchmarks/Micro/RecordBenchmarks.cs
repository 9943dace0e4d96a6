using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Sockets;

namespace EGoat.Benchmarks.Micro;

/// <summary>DTLS records: sealing and opening in place, beside AES-GCM alone.</summary>
public class RecordBenchmarks : IDisposable
{
    private const ulong EpochAndSequence = 1UL << 48;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(RecordCipher.KeyLength);
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(RecordProtection.SaltLength);
    private readonly byte[] _nonce = new byte[12];
    private readonly byte[] _additionalData = new byte[13];
    private readonly byte[] _tag = new byte[RecordCipher.TagLength];
    private readonly byte[] _record = new byte[20_000];
    private readonly byte[] _sealed = new byte[20_000];
    private readonly byte[] _opened = new byte[20_000];
    private AesGcm _cipher = null!;
    private RecordProtection _protection = null!;
    private int _sealedLength;

    [Params(1160, 16_000)]
    public int PayloadBytes { get; set; }

    /// <summary>Whether records go through <see cref="OpenSslRecordCipher"/>, as on Linux, or through the platform's AesGcm.</summary>
    [Params(false, true)]
    public bool IsDirect { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _cipher = new AesGcm(_key, RecordCipher.TagLength);
        RecordCipherFactory create = IsDirect ? OpenSslRecordCipher.Create : AesGcmRecordCipher.Create;
        _protection = new RecordProtection(create(_key), _salt, create(_key), _salt);
        _sealedLength = _protection.Seal(ContentType.ApplicationData, EpochAndSequence, _sealed, PayloadBytes);
    }

    [Benchmark(Baseline = true)]
    public void Cipher()
    {
        Span<byte> payload = _record.AsSpan(0, PayloadBytes);
        _cipher.Encrypt(_nonce, payload, payload, _tag, _additionalData);
    }

    [Benchmark]
    public int Seal() => _protection.Seal(ContentType.ApplicationData, EpochAndSequence, _record, PayloadBytes);

    // In place, hence from a copy, whose cost is a small part.
    [Benchmark]
    public bool Open()
    {
        Span<byte> record = _opened.AsSpan(0, _sealedLength);
        _sealed.AsSpan(0, _sealedLength).CopyTo(record);
        return RecordHeader.TryParse(record, out RecordHeader header) && _protection.TryOpen(header, record, out _) ? true : throw new InvalidOperationException("It does not open.");
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _cipher?.Dispose();
        _protection?.Dispose();
    }
}
