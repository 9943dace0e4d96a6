namespace EGoat.WebRtc.Dtls;

/// <summary>
/// AES-GCM with one key (NIST SP 800-38D): what protects records, in place and without allocating. Not thread-safe. That no nonce is
/// used twice with a key is up to the caller.
/// </summary>
public abstract class RecordCipher : IDisposable
{
    /// <summary>Bytes of a key: AES-128.</summary>
    public const int KeyLength = 16;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceLength = 12;

    /// <summary>Bytes of an authentication tag.</summary>
    public const int TagLength = 16;

    /// <summary>Encrypts <paramref name="data"/> in place and writes the tag of it and of the additional data.</summary>
    /// <param name="nonce"><see cref="NonceLength"/> bytes.</param>
    /// <param name="additionalData">What is authenticated and not encrypted.</param>
    /// <param name="data">The plaintext; the ciphertext afterwards.</param>
    /// <param name="tag"><see cref="TagLength"/> bytes.</param>
    /// <exception cref="ObjectDisposedException">The key was given back.</exception>
    public abstract void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag);

    /// <summary>Decrypts <paramref name="data"/> in place. False when it is not authentic; then <paramref name="data"/> is of no use.</summary>
    /// <param name="nonce"><see cref="NonceLength"/> bytes.</param>
    /// <param name="additionalData">What is authenticated and not encrypted.</param>
    /// <param name="data">The ciphertext; the plaintext afterwards.</param>
    /// <param name="tag"><see cref="TagLength"/> bytes.</param>
    /// <exception cref="ObjectDisposedException">The key was given back.</exception>
    public abstract bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag);

    /// <summary>Zeroes the key and gives it back.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Zeroes the key; <paramref name="disposing"/> is false in a finalizer.</summary>
    protected abstract void Dispose(bool disposing);
}
