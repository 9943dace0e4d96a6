using System.Buffers.Binary;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace EGoat.Keys;

/// <summary>
/// The map of RFC 9380 section 6.7.1 from field elements to u-coordinates of Curve25519, with Z = 2. It takes the same time for every
/// input: the input is made of the password. The field's arithmetic is that of BouncyCastle.
/// </summary>
internal static class Elligator2
{
    /// <summary>The length of a field element in bytes.</summary>
    public const int Length = 32;

    /// <summary>The curve's coefficient A.</summary>
    private const int CurveA = 486662;

    /// <summary>Maps a field element, little-endian, of which the highest bit is ignored.</summary>
    public static byte[] Map(ReadOnlySpan<byte> element)
    {
        int[] a = X25519Field.Create();
        int[] t = X25519Field.Create();
        int[] v = X25519Field.Create();
        int[] x = X25519Field.Create();
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, CurveA);
        X25519Field.Decode255(bytes, a);

        // v = -A / (1 + 2 r^2)
        X25519Field.Decode255(element, t);
        X25519Field.Sqr(t, t);
        X25519Field.Add(t, t, t);
        X25519Field.AddOne(t);
        X25519Field.Carry(t);
        X25519Field.Normalize(t);
        X25519Field.Inv(t, t);
        X25519Field.Mul(t, a, v);
        X25519Field.Negate(v, v);
        X25519Field.Carry(v);

        // The right side of the curve's equation at v: v (v (v + A) + 1)
        X25519Field.Add(v, a, t);
        X25519Field.Carry(t);
        X25519Field.Mul(t, v, t);
        X25519Field.AddOne(t);
        X25519Field.Carry(t);
        X25519Field.Mul(t, v, t);

        // x = v where that is a square, else -v - A
        X25519Field.Add(v, a, x);
        X25519Field.Negate(x, x);
        X25519Field.Carry(x);
        X25519Field.CMov(IsSquare(t), v, 0, x, 0);
        X25519Field.Normalize(x);
        var mapped = new byte[Length];
        X25519Field.Encode(x, mapped);
        return mapped;
    }

    // Euler's criterion: t^((p-1)/2) is 1. The exponent, 2^254 - 10, has all its 254 bits set but those of 1 and 8. -1 when it is a square, else 0.
    private static int IsSquare(int[] t)
    {
        int[] power = X25519Field.Create();
        X25519Field.Copy(t, 0, power, 0);
        for (int bit = 252; bit >= 0; bit--)
        {
            X25519Field.Sqr(power, power);
            if (bit is not (0 or 3))
            {
                X25519Field.Mul(power, t, power);
            }
        }

        X25519Field.Normalize(power);
        return X25519Field.IsOne(power);
    }
}
