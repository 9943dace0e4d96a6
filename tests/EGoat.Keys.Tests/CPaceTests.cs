using System.Numerics;
using System.Security.Cryptography;

namespace EGoat.Keys.Tests;

/// <summary>The curve under codes, against published vectors and other arithmetic.</summary>
public sealed class CPaceTests
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;

    [Fact]
    public void The_vectors_of_the_draft_come_out()
    {
        var draft = Vectors.Get("draft");
        byte[] session = draft.Bytes("sid");
        byte[] generator = CPace.Generator(draft.Bytes("PRS"), draft.Bytes("CI"), session);
        Assert.Equal(draft.Bytes("g"), generator);
        Assert.Equal(draft.Bytes("Ya"), CPace.Share(draft.Bytes("ya"), generator));
        Assert.Equal(draft.Bytes("Yb"), CPace.Share(draft.Bytes("yb"), generator));
        Assert.True(CPace.TryAgree(draft.Bytes("ya"), draft.Bytes("Yb"), out byte[] point));
        Assert.Equal(draft.Bytes("K"), point);
        Assert.True(CPace.TryAgree(draft.Bytes("yb"), draft.Bytes("Ya"), out point));
        Assert.Equal(draft.Bytes("K"), point);
        Assert.Equal(draft.Bytes("ISK_IR"), CPace.Key(session, point, draft.Bytes("Ya"), draft.Bytes("ADa"), draft.Bytes("Yb"), draft.Bytes("ADb")));
    }

    [Fact]
    public void Elligator_maps_as_RFC_9380_says()
    {
        foreach (var vector in Vectors.All("elligator2"))
        {
            Assert.Equal(vector.Text("u"), Convert.ToHexStringLower(Elligator2.Map(vector.Bytes("r"))));
        }
    }

    [Fact]
    public void Elligator_maps_as_plain_arithmetic_does()
    {
        var random = new Random(3);
        var bytes = new byte[32];
        for (int i = 0; i < 300; i++)
        {
            random.NextBytes(bytes);
            Assert.Equal(MapPlainly(bytes), Elligator2.Map(bytes));
        }
    }

    [Fact]
    public void Points_of_low_order_are_refused()
    {
        string[] points = [.. Vectors.Get("lowOrder").AsArray().Select(p => p!.GetValue<string>())];
        Assert.True(points.Length >= 14);
        Assert.All(points, p => Assert.False(CPace.TryAgree(RandomNumberGenerator.GetBytes(32), Convert.FromHexString(p), out _)));
    }

    [Fact]
    public void Other_products_are_those_of_Wycheproof()
    {
        var vectors = Vectors.All("products").ToArray();
        Assert.True(vectors.Length > 50);
        Assert.All(vectors, v =>
        {
            Assert.True(CPace.TryAgree(v.Bytes("scalar"), v.Bytes("point"), out byte[] product));
            Assert.Equal(v.Text("product"), Convert.ToHexStringLower(product));
        });
    }

    [Fact]
    public void Lengths_are_written_in_LEB128()
    {
        // The examples of the draft's appendix.
        Assert.Equal("00", Convert.ToHexStringLower(CPace.Concatenate([[]])));
        Assert.Equal("043132333401350003363738", Convert.ToHexStringLower(CPace.Concatenate("1234"u8.ToArray(), "5"u8.ToArray(), [], "678"u8.ToArray())));
        Assert.Equal([127], CPace.Concatenate(new byte[127])[..1]);
        Assert.Equal([0x80, 1], CPace.Concatenate(new byte[128])[..2]);
    }

    private static byte[] MapPlainly(byte[] bytes)
    {
        byte[] element = [.. bytes];
        element[31] &= 127;
        var r = new BigInteger(element, isUnsigned: true);
        const int A = 486662;
        BigInteger v = Mod(-A * BigInteger.ModPow(1 + (2 * r * r), P - 2, P));
        BigInteger x = BigInteger.ModPow((v * v * v) + (A * v * v) + v, (P - 1) / 2, P) == 1 ? v : Mod(-v - A);
        byte[] mapped = new byte[32];
        x.ToByteArray(isUnsigned: true).CopyTo(mapped, 0);
        return mapped;
    }

    private static BigInteger Mod(BigInteger x) => ((x % P) + P) % P;
}
