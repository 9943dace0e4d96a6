using System.Runtime.InteropServices;

namespace EGoat.WebRtc.Sockets;

/// <summary>The few functions of OpenSSL's libcrypto (EVP_EncryptInit(3)) that <see cref="OpenSslRecordCipher"/> needs.</summary>
internal static unsafe class LibCrypto
{
    /// <summary>Those that .NET looks for, the newest first.</summary>
    private static readonly string[] Names = ["libcrypto.so.3", "libcrypto.so.1.1"];

    private static readonly nint Library = Load();

    /// <summary>Whether the library is there, with all functions.</summary>
    public static bool IsLoaded => Library != 0;

    /// <summary>EVP_CIPHER_CTX_new.</summary>
    public static readonly delegate* unmanaged<nint> CreateContext = (delegate* unmanaged<nint>)Find("EVP_CIPHER_CTX_new");

    /// <summary>EVP_CIPHER_CTX_free.</summary>
    public static readonly delegate* unmanaged<nint, void> FreeContext = (delegate* unmanaged<nint, void>)Find("EVP_CIPHER_CTX_free");

    /// <summary>EVP_aes_128_gcm.</summary>
    public static readonly delegate* unmanaged<nint> Aes128Gcm = (delegate* unmanaged<nint>)Find("EVP_aes_128_gcm");

    /// <summary>EVP_CipherInit_ex: context, cipher, engine, key, nonce, direction.</summary>
    public static readonly delegate* unmanaged<nint, nint, nint, byte*, byte*, int, int> Init =
        (delegate* unmanaged<nint, nint, nint, byte*, byte*, int, int>)Find("EVP_CipherInit_ex");

    /// <summary>EVP_CipherUpdate: context, output (null for additional data), bytes written, input, its length.</summary>
    public static readonly delegate* unmanaged<nint, byte*, int*, byte*, int, int> Update =
        (delegate* unmanaged<nint, byte*, int*, byte*, int, int>)Find("EVP_CipherUpdate");

    /// <summary>EVP_CipherFinal_ex: context, output, bytes written.</summary>
    public static readonly delegate* unmanaged<nint, byte*, int*, int> Final = (delegate* unmanaged<nint, byte*, int*, int>)Find("EVP_CipherFinal_ex");

    /// <summary>EVP_CIPHER_CTX_ctrl: context, command, number, bytes.</summary>
    public static readonly delegate* unmanaged<nint, int, int, byte*, int> Control = (delegate* unmanaged<nint, int, int, byte*, int>)Find("EVP_CIPHER_CTX_ctrl");

    private static nint Load()
    {
        string[] functions = ["EVP_CIPHER_CTX_new", "EVP_CIPHER_CTX_free", "EVP_aes_128_gcm", "EVP_CipherInit_ex", "EVP_CipherUpdate", "EVP_CipherFinal_ex", "EVP_CIPHER_CTX_ctrl"];
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && Array.TrueForAll(functions, f => NativeLibrary.TryGetExport(library, f, out _)))
            {
                return library;
            }
        }

        return 0;
    }

    private static nint Find(string function) => Library == 0 ? 0 : NativeLibrary.GetExport(Library, function);
}
