using System.Diagnostics;
using System.Security.Cryptography;

namespace EGoat.Keys;

/// <summary>
/// Bytes that must not be shown. It has no property that holds them, and its text is always the same, so that neither a log nor a
/// serializer nor a debugger's list shows them by accident. The bytes are overwritten when it is disposed of.
/// </summary>
[DebuggerDisplay("secret")]
public sealed class Secret : IDisposable, IEquatable<Secret>
{
    private readonly byte[] _bytes;

    /// <param name="bytes">What is copied.</param>
    public Secret(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>So many random bytes from the operating system.</summary>
    public static Secret Create(int length) => new(RandomNumberGenerator.GetBytes(length));

    /// <summary>The bytes themselves. Whoever calls this answers for what becomes of them.</summary>
    public ReadOnlySpan<byte> Reveal() => _bytes;

    /// <summary>Compares in constant time.</summary>
    public bool Equals(Secret? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <summary>The same for all secrets: a hash would tell something of the bytes.</summary>
    public override int GetHashCode() => 0;

    /// <summary>Always <c>(secret)</c>.</summary>
    public override string ToString() => "(secret)";

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
