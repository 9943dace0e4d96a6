using System.Security.Cryptography;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>The cipher that calls OpenSSL directly does what the platform's does.</summary>
public sealed class OpenSslRecordCipherTests
{
    private static readonly byte[] Key = Convert.FromHexString("feffe9928665731c6d6a8f9467308308");
    private static readonly byte[] Nonce = Convert.FromHexString("cafebabefacedbaddecaf888");

    [OpenSslFact]
    public void The_test_vector_of_GCM_with_additional_data_encrypts_and_decrypts()
    {
        // "The Galois/Counter Mode of Operation", test case 4.
        byte[] plaintext = Convert.FromHexString("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        byte[] additional = Convert.FromHexString("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        byte[] data = [.. plaintext];
        byte[] tag = new byte[RecordCipher.TagLength];
        using RecordCipher cipher = OpenSslRecordCipher.Create(Key);
        cipher.Encrypt(Nonce, additional, data, tag);
        Assert.Equal("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091", Convert.ToHexStringLower(data));
        Assert.Equal("5bc94fbc3221a5db94fae95ae7121a47", Convert.ToHexStringLower(tag));
        Assert.True(cipher.TryDecrypt(Nonce, additional, data, tag));
        Assert.Equal(plaintext, data);
    }

    [OpenSslFact]
    public void Every_length_of_a_record_comes_out_as_from_the_platform()
    {
        var random = new Random(7);
        using RecordCipher direct = OpenSslRecordCipher.Create(Key);
        using RecordCipher platform = AesGcmRecordCipher.Create(Key);
        byte[] additional = new byte[13];
        foreach (int length in (int[])[0, 1, 15, 16, 17, 1159, 1160, 16_000, 16_384, .. Enumerable.Range(0, 50).Select(_ => random.Next(16_384))])
        {
            byte[] nonce = new byte[RecordCipher.NonceLength];
            byte[] plaintext = new byte[length];
            random.NextBytes(nonce);
            random.NextBytes(plaintext);
            random.NextBytes(additional);
            byte[] expected = [.. plaintext];
            byte[] actual = [.. plaintext];
            byte[] expectedTag = new byte[RecordCipher.TagLength];
            byte[] actualTag = new byte[RecordCipher.TagLength];
            platform.Encrypt(nonce, additional, expected, expectedTag);
            direct.Encrypt(nonce, additional, actual, actualTag);
            Assert.Equal(expected, actual);
            Assert.Equal(expectedTag, actualTag);
            Assert.True(direct.TryDecrypt(nonce, additional, expected, expectedTag));
            Assert.Equal(plaintext, expected);
        }
    }

    [OpenSslFact]
    public void One_changed_bit_anywhere_is_refused_and_the_next_record_is_taken()
    {
        using RecordCipher cipher = OpenSslRecordCipher.Create(Key);
        byte[] additional = RandomNumberGenerator.GetBytes(13);
        byte[] plaintext = RandomNumberGenerator.GetBytes(40);
        byte[] data = [.. plaintext];
        byte[] tag = new byte[RecordCipher.TagLength];
        cipher.Encrypt(Nonce, additional, data, tag);
        byte[] all = [.. Nonce, .. additional, .. data, .. tag];
        for (int bit = 0; bit < all.Length * 8; bit++)
        {
            byte[] changed = [.. all];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(cipher.TryDecrypt(changed.AsSpan(0, 12), changed.AsSpan(12, 13), changed.AsSpan(25, 40), changed.AsSpan(65)));
            Assert.True(cipher.TryDecrypt(Nonce, additional, (byte[])[.. data], tag));
        }
    }

    [OpenSslFact]
    public void A_key_that_was_given_back_is_not_used_again()
    {
        RecordCipher cipher = OpenSslRecordCipher.Create(Key);
        cipher.Dispose();
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cipher.Encrypt(Nonce, [], new byte[1], new byte[RecordCipher.TagLength]));
        Assert.Throws<ObjectDisposedException>(() => cipher.TryDecrypt(Nonce, [], new byte[1], new byte[RecordCipher.TagLength]));
    }

    [OpenSslFact]
    public void Wrong_lengths_are_refused_before_OpenSSL_sees_them()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => OpenSslRecordCipher.Create(new byte[15]));
        using RecordCipher cipher = OpenSslRecordCipher.Create(Key);
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Encrypt(new byte[11], [], new byte[1], new byte[RecordCipher.TagLength]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Encrypt(Nonce, [], new byte[1], new byte[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.TryDecrypt(Nonce, [], new byte[1], new byte[17]));
    }

    private sealed class OpenSslFactAttribute : FactAttribute
    {
        public OpenSslFactAttribute() => Skip = OpenSslRecordCipher.IsSupported ? null : "libcrypto.so.3 (or 1.1) of OpenSSL is not on this machine.";
    }
}
