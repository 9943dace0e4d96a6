using System.Buffers.Binary;

namespace EGoat.WebRtc.Dtls;

/// <summary>
/// AES-128-GCM for the records of one epoch, both directions (RFC 5288 section 3). Works in place and allocates nothing.
/// It does not know about replay or state.
/// <code>
/// +-----------+----------------+------------------ ... -+-----------+
/// | header 13 | explicit nonce 8 | ciphertext            |  tag 16   |
/// +-----------+----------------+------------------ ... -+-----------+
/// nonce = write IV (4, secret) || explicit nonce; additional data = epoch, sequence, type, version, plaintext length
/// </code>
/// </summary>
internal sealed class RecordProtection : IDisposable
{
    /// <summary>Bytes of the implicit part of the nonce, the "write IV" of the key block.</summary>
    public const int SaltLength = 4;

    /// <summary>Bytes of the part of the nonce that each record carries.</summary>
    public const int ExplicitNonceLength = 8;

    /// <summary>What protection adds to a record's payload.</summary>
    public const int Expansion = ExplicitNonceLength + RecordCipher.TagLength;

    private const int AdditionalDataLength = 13;

    private readonly RecordCipher _reader;
    private readonly RecordCipher _writer;
    private uint _readSalt;
    private uint _writeSalt;

    /// <summary>Takes the ciphers over; the salts may be zeroed afterwards.</summary>
    public RecordProtection(RecordCipher reader, ReadOnlySpan<byte> readSalt, RecordCipher writer, ReadOnlySpan<byte> writeSalt)
    {
        _reader = reader;
        _writer = writer;
        _readSalt = BinaryPrimitives.ReadUInt32BigEndian(readSalt);
        _writeSalt = BinaryPrimitives.ReadUInt32BigEndian(writeSalt);
    }

    /// <summary>
    /// Makes a record out of a payload that lies behind header and explicit nonce.
    /// </summary>
    /// <param name="type">The content type.</param>
    /// <param name="epochAndSequence">Epoch and sequence number; never twice the same, since it is the explicit nonce too.</param>
    /// <param name="record">The buffer.</param>
    /// <param name="payloadLength">Bytes of payload.</param>
    /// <returns>The length of the record.</returns>
    public int Seal(ContentType type, ulong epochAndSequence, Span<byte> record, int payloadLength)
    {
        RecordHeader header = new(
            type, DtlsVersion.Dtls12, (ushort)(epochAndSequence >> 48), epochAndSequence & RecordHeader.MaxSequence, payloadLength + Expansion);
        header.Write(record);
        Span<byte> explicitNonce = record.Slice(RecordHeader.EncodedLength, ExplicitNonceLength);
        BinaryPrimitives.WriteUInt64BigEndian(explicitNonce, epochAndSequence);

        Span<byte> nonce = stackalloc byte[RecordCipher.NonceLength];
        BinaryPrimitives.WriteUInt32BigEndian(nonce, _writeSalt);
        explicitNonce.CopyTo(nonce[SaltLength..]);
        Span<byte> additionalData = stackalloc byte[AdditionalDataLength];
        WriteAdditionalData(additionalData, header, payloadLength);

        Span<byte> payload = record.Slice(RecordHeader.EncodedLength + ExplicitNonceLength, payloadLength);
        Span<byte> tag = record.Slice(RecordHeader.EncodedLength + ExplicitNonceLength + payloadLength, RecordCipher.TagLength);
        _writer.Encrypt(nonce, additionalData, payload, tag);
        return RecordHeader.EncodedLength + header.Length;
    }

    /// <summary>Decrypts a record in place.</summary>
    /// <returns>False when it is too short, too long or not authentic.</returns>
    public bool TryOpen(scoped in RecordHeader header, Span<byte> record, out Span<byte> payload)
    {
        payload = default;
        int payloadLength = header.Length - Expansion;
        if (payloadLength is < 0 or > RecordHeader.MaxPlaintextLength)
        {
            return false;
        }

        Span<byte> explicitNonce = record.Slice(RecordHeader.EncodedLength, ExplicitNonceLength);
        Span<byte> nonce = stackalloc byte[RecordCipher.NonceLength];
        BinaryPrimitives.WriteUInt32BigEndian(nonce, _readSalt);
        explicitNonce.CopyTo(nonce[SaltLength..]);
        Span<byte> additionalData = stackalloc byte[AdditionalDataLength];
        WriteAdditionalData(additionalData, header, payloadLength);

        Span<byte> ciphertext = record.Slice(RecordHeader.EncodedLength + ExplicitNonceLength, payloadLength);
        Span<byte> tag = record.Slice(RecordHeader.EncodedLength + ExplicitNonceLength + payloadLength, RecordCipher.TagLength);
        if (!_reader.TryDecrypt(nonce, additionalData, ciphertext, tag))
        {
            return false;
        }

        payload = ciphertext;
        return true;
    }

    /// <summary>Gives the keys back to the platform, which zeroes them, and zeroes what else came from the key block.</summary>
    public void Dispose()
    {
        (_readSalt, _writeSalt) = (0, 0);
        _reader.Dispose();
        _writer.Dispose();
    }

    private static void WriteAdditionalData(Span<byte> destination, in RecordHeader header, int payloadLength)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, header.EpochAndSequence);
        destination[8] = (byte)header.Type;
        BinaryPrimitives.WriteUInt16BigEndian(destination[9..], header.Version);
        BinaryPrimitives.WriteUInt16BigEndian(destination[11..], (ushort)payloadLength);
    }
}
