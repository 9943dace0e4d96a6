using System.Security.Cryptography;

namespace EGoat.WebRtc.Dtls;

/// <summary>The platform's <see cref="AesGcm"/>: works everywhere.</summary>
internal sealed class AesGcmRecordCipher(ReadOnlySpan<byte> key) : RecordCipher
{
    private readonly AesGcm _cipher = new(key, TagLength);

    public static RecordCipher Create(ReadOnlySpan<byte> key) => new AesGcmRecordCipher(key);

    public override void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag) =>
        _cipher.Encrypt(nonce, data, data, tag, additionalData);

    public override bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        try
        {
            _cipher.Decrypt(nonce, data, tag, data, additionalData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            // The only way in which AesGcm says "not authentic".
            return false;
        }
    }

    protected override void Dispose(bool disposing) => _cipher.Dispose();
}
