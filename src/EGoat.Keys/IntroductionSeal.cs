using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EGoat.Keys;

/// <summary>
/// Seals what members of a keyed room say to each other through the signaling server, and opens what came (docs/protocol.md §5).
/// The server can drop it and deliver it late; it cannot read, alter, redirect or repeat it. Thread-safe.
/// </summary>
public sealed class IntroductionSeal
{
    /// <summary>The version of the layout.</summary>
    public const byte Version = 2;

    /// <summary>The most bytes of UTF-8 that are sealed at once.</summary>
    public const int MaxContentBytes = 32 * 1024;

    private const int SaltLength = 32;
    private const int HeaderLength = 1 + sizeof(uint) + SaltLength;
    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int MaxFieldLength = 64;
    private const int MaxSealedLength = HeaderLength + MaxContentBytes + TagLength;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly RoomKey _key;
    private readonly string _self;
    private readonly Lock _gate = new();
    private readonly ReplayWindow _window = new();
    private readonly long[] _counts = new long[Enum.GetValues<SealOutcome>().Length];

    /// <param name="key">The room's key.</param>
    /// <param name="self">This side's peer id.</param>
    public IntroductionSeal(RoomKey key, string self)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentException.ThrowIfNullOrEmpty(self);
        _key = key;
        _self = self;
    }

    /// <summary>How many came with this outcome so far.</summary>
    public long Count(SealOutcome outcome) => Interlocked.Read(ref _counts[(int)outcome]);

    /// <summary>Seals an introduction under a key of its own.</summary>
    /// <param name="to">The peer id it is for; nobody else can open it.</param>
    /// <param name="kind">What it is; said in the clear beside it, and bound to it.</param>
    /// <param name="session">The session it belongs to, empty for none; likewise.</param>
    /// <param name="content">The rest, at most <see cref="MaxContentBytes"/> of UTF-8.</param>
    /// <returns>base64url.</returns>
    /// <exception cref="ArgumentException">The content is too long.</exception>
    public string Seal(string to, string kind, string session, string content) => Seal(to, kind, session, content, RandomNumberGenerator.GetBytes(SaltLength));

    /// <summary>Opens an introduction. What does not open is counted, and that is all.</summary>
    /// <param name="from">The peer id it came from, as the server says.</param>
    /// <param name="kind">What it is, as was said in the clear.</param>
    /// <param name="session">The session it belongs to, as was said in the clear; empty for none.</param>
    /// <param name="sealedText">base64url.</param>
    /// <param name="content">What was sealed; empty when it does not open.</param>
    public bool TryOpen(string from, string kind, string session, string? sealedText, out string content)
    {
        SealOutcome outcome = Open(from, kind, session, sealedText, out content);
        Interlocked.Increment(ref _counts[(int)outcome]);
        return outcome == SealOutcome.Opened;
    }

    /// <summary>Seals with a given salt; with one that was used before, it is broken.</summary>
    internal string Seal(string to, string kind, string session, string content, byte[] salt)
    {
        byte[] plain = Utf8.GetBytes(content);
        if (plain.Length > MaxContentBytes)
        {
            throw new ArgumentException($"An introduction has at most {MaxContentBytes} bytes.", nameof(content));
        }

        var message = new byte[HeaderLength + plain.Length + TagLength];
        message[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), _key.Epoch);
        salt.CopyTo(message, 1 + sizeof(uint));
        Span<byte> derived = stackalloc byte[KeyLength + NonceLength];
        Derive(salt, _self, to, derived);
        using (var aes = new AesGcm(derived[..KeyLength], TagLength))
        {
            aes.Encrypt(derived[KeyLength..], plain, message.AsSpan(HeaderLength, plain.Length), message.AsSpan(HeaderLength + plain.Length), Associate(_self, to, kind, session));
        }

        CryptographicOperations.ZeroMemory(derived);
        return Base64Url.EncodeToString(message);
    }

    private SealOutcome Open(string from, string kind, string session, string? sealedText, out string content)
    {
        content = "";
        if (sealedText is null || from.Length > MaxFieldLength || kind.Length > MaxFieldLength || session.Length > MaxFieldLength || !TryDecode(sealedText, out byte[] message))
        {
            return SealOutcome.Malformed;
        }

        if (message[0] != Version)
        {
            return SealOutcome.OtherVersion;
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(1)) != _key.Epoch)
        {
            return SealOutcome.OtherEpoch;
        }

        if (from == _self)
        {
            return SealOutcome.OwnSender;
        }

        ReadOnlySpan<byte> salt = message.AsSpan(1 + sizeof(uint), SaltLength);
        var plain = new byte[message.Length - HeaderLength - TagLength];
        Span<byte> derived = stackalloc byte[KeyLength + NonceLength];
        Derive(salt, from, _self, derived);
        try
        {
            using var aes = new AesGcm(derived[..KeyLength], TagLength);
            aes.Decrypt(derived[KeyLength..], message.AsSpan(HeaderLength, plain.Length), message.AsSpan(message.Length - TagLength), plain, Associate(from, _self, kind, session));
            content = Utf8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return SealOutcome.Forged;
        }
        catch (DecoderFallbackException)
        {
            return SealOutcome.Malformed;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }

        lock (_gate)
        {
            if (_window.TryAdd(from, salt))
            {
                return SealOutcome.Opened;
            }
        }

        content = "";
        return SealOutcome.Replayed;
    }

    private static bool TryDecode(string text, out byte[] message)
    {
        message = [];
        if (text.Length > Base64Url.GetEncodedLength(MaxSealedLength) || !Base64Url.IsValid(text, out int length) || length < HeaderLength + TagLength)
        {
            return false;
        }

        message = Base64Url.DecodeFromChars(text);
        return true;
    }

    private void Derive(ReadOnlySpan<byte> salt, string from, string to, Span<byte> derived) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key.Reveal(), derived, salt, Fields.Join(Fields.Of("egoat/2 seal"), Fields.Of(_key.RoomId), Fields.Of(from), Fields.Of(to)));

    private byte[] Associate(string from, string to, string kind, string session) =>
        Fields.Join([Version], Fields.Of(_key.Epoch), Fields.Of(_key.RoomId), Fields.Of(from), Fields.Of(to), Fields.Of(kind), Fields.Of(session));
}
