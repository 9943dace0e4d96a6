using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets;

/// <summary>
/// AES-GCM of the OpenSSL that the platform uses too, called directly: <see cref="AesGcm"/> clears OpenSSL's queue of errors at each of
/// its five calls, which costs more than the cipher does at 1,200 bytes.
/// </summary>
internal sealed unsafe class OpenSslRecordCipher : RecordCipher
{
    /// <summary>EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG of openssl/evp.h.</summary>
    private const int GetTag = 0x10;
    private const int SetTag = 0x11;

    private const int ToDecrypt = 0;
    private const int ToEncrypt = 1;

    /// <summary>An EVP_CIPHER_CTX that has the key; 0 when it was given back.</summary>
    private nint _context;

    private OpenSslRecordCipher(nint context) => _context = context;

    ~OpenSslRecordCipher() => Dispose(disposing: false);

    /// <summary>Whether this process can use it.</summary>
    public static bool IsSupported => LibCrypto.IsLoaded;

    /// <summary>The cipher for a key.</summary>
    /// <exception cref="CryptographicException">OpenSSL has no AES-GCM, or no memory.</exception>
    public static RecordCipher Create(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength);
        var cipher = new OpenSslRecordCipher(LibCrypto.CreateContext());
        fixed (byte* keyBytes = key)
        {
            Check(cipher._context != 0 && LibCrypto.Init(cipher._context, LibCrypto.Aes128Gcm(), 0, keyBytes, null, ToEncrypt) == 1);
        }

        return cipher;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, Span<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagLength);
        Start(nonce, additionalData, ToEncrypt);
        fixed (byte* bytes = data)
        fixed (byte* tagBytes = tag)
        {
            int written;
            Check(LibCrypto.Update(_context, bytes, &written, bytes, data.Length) == 1 && written == data.Length
                && LibCrypto.Final(_context, tagBytes, &written) == 1
                && LibCrypto.Control(_context, GetTag, TagLength, tagBytes) == 1);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagLength);
        Start(nonce, additionalData, ToDecrypt);
        byte* unused = stackalloc byte[TagLength];
        fixed (byte* bytes = data)
        fixed (byte* tagBytes = tag)
        {
            int written;
            Check(LibCrypto.Update(_context, bytes, &written, bytes, data.Length) == 1 && written == data.Length
                && LibCrypto.Control(_context, SetTag, TagLength, tagBytes) == 1);
            return LibCrypto.Final(_context, unused, &written) == 1;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        nint context = _context;
        _context = 0;
        if (context != 0)
        {
            LibCrypto.FreeContext(context); // cleanses what it frees
        }
    }

    private static void Check(bool isDone)
    {
        if (!isDone)
        {
            throw new CryptographicException("OpenSSL could not carry out AES-GCM.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Start(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additionalData, int direction)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceLength);
        fixed (byte* nonceBytes = nonce)
        fixed (byte* additionalBytes = additionalData)
        {
            int written = 0;
            Check(LibCrypto.Init(_context, 0, 0, null, nonceBytes, direction) == 1
                && LibCrypto.Update(_context, null, &written, additionalBytes, additionalData.Length) == 1);
            Debug.Assert(written == additionalData.Length, "All additional data was taken.");
        }
    }
}
