using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>
/// The key of a room: 32 random bytes that its members share and the server never learns. Who holds it is a member. A room that is
/// given another key counts an epoch on.
/// </summary>
public sealed class RoomKey : IDisposable, IEquatable<RoomKey>
{
    /// <summary>The length of a key in bytes.</summary>
    public const int Length = 32;

    /// <summary>What the id of a keyed room begins with; no name of an open room has it.</summary>
    public const char IdPrefix = '~';

    private const int IdBytes = 16;

    private readonly Secret _key;

    /// <param name="key">32 bytes that nobody can guess.</param>
    /// <param name="epoch">How many keys the room has had, this one included: 1 or more.</param>
    /// <exception cref="ArgumentException">The key has another length, or the epoch is 0.</exception>
    public RoomKey(ReadOnlySpan<byte> key, uint epoch = 1)
    {
        if (key.Length != Length)
        {
            throw new ArgumentException($"A room key has {Length} bytes.", nameof(key));
        }

        ArgumentOutOfRangeException.ThrowIfZero(epoch);
        _key = new Secret(key);
        Epoch = epoch;
        RoomId = IdPrefix + Base32.Encode(HKDF.DeriveKey(HashAlgorithmName.SHA256, _key.Reveal().ToArray(), IdBytes, info: Fields.Of("egoat/2 room id")));
    }

    /// <summary>How many keys the room has had, this one included.</summary>
    public uint Epoch { get; }

    /// <summary>The room as the server sees it: '~' and 26 characters of base32, derived from the key and telling nothing of it.</summary>
    public string RoomId { get; }

    /// <summary>A new key for a new room.</summary>
    public static RoomKey Create() => Create(1);

    /// <summary>A new key for the same room, in the next epoch. It has nothing in common with this one.</summary>
    public RoomKey Renew() => Create(checked(Epoch + 1));

    /// <summary>The bytes themselves. Whoever calls this answers for what becomes of them.</summary>
    public ReadOnlySpan<byte> Reveal() => _key.Reveal();

    /// <inheritdoc/>
    public bool Equals(RoomKey? other) => other is not null && Epoch == other.Epoch && _key.Equals(other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RoomKey);

    /// <inheritdoc/>
    public override int GetHashCode() => RoomId.GetHashCode(StringComparison.Ordinal);

    /// <summary>The room's id, which is no secret.</summary>
    public override string ToString() => RoomId;

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static RoomKey Create(uint epoch)
    {
        Span<byte> key = stackalloc byte[Length];
        RandomNumberGenerator.Fill(key);
        var created = new RoomKey(key, epoch);
        CryptographicOperations.ZeroMemory(key);
        return created;
    }
}
