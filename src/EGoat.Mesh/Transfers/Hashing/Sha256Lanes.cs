using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// SHA-256 (FIPS 180-4 section 6.2) of sixteen slices at once, one in each lane of the registers of AVX-512. A processor's own
/// SHA instructions wait for one another, these do not: sixteen slices take less than half the time that they take one by one.
/// </summary>
internal static class Sha256Lanes
{
    public const int Count = 16;

    private const int ChunkLength = 64;
    private const int WordsOfChunk = ChunkLength / sizeof(uint);
    private const int WordsOfState = 8;
    private const int Rounds = 64;

    /// <summary>Whether this processor can.</summary>
    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>FIPS 180-4 section 5.3.3.</summary>
    private static ReadOnlySpan<uint> InitialState => [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>FIPS 180-4 section 4.2.2.</summary>
    private static ReadOnlySpan<uint> Constants =>
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    /// <summary>Hashes sixteen slices.</summary>
    /// <param name="content">The slices, one behind another, each of the same multiple of 64 bytes.</param>
    /// <param name="hashes">Room for sixteen hashes of 32 bytes, in the slices' order.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HashData(ReadOnlySpan<byte> content, Span<byte> hashes)
    {
        Debug.Assert(content.Length % (Count * ChunkLength) == 0, "Slices are as long as one another, and whole chunks.");
        int sliceLength = content.Length / Count;
        Span<Vector512<uint>> state = stackalloc Vector512<uint>[WordsOfState];
        Span<Vector512<uint>> words = stackalloc Vector512<uint>[Rounds];
        for (int i = 0; i < WordsOfState; i++)
        {
            state[i] = Vector512.Create(InitialState[i]);
        }

        ref byte first = ref MemoryMarshal.GetReference(content);
        for (int offset = 0; offset < sliceLength; offset += ChunkLength)
        {
            ReadChunks(ref Unsafe.Add(ref first, offset), (nuint)sliceLength, words);
            Compress(words, state);
        }

        // The padding of section 5.1.1 is a chunk of its own.
        words[..WordsOfChunk].Clear();
        words[0] = Vector512.Create(0x80000000);
        words[WordsOfChunk - 2] = Vector512.Create((uint)((ulong)sliceLength >> 29));
        words[WordsOfChunk - 1] = Vector512.Create((uint)sliceLength << 3);
        Compress(words, state);
        for (int lane = 0; lane < Count; lane++)
        {
            for (int i = 0; i < WordsOfState; i++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(hashes[(((lane * WordsOfState) + i) * sizeof(uint))..], state[i][lane]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(Span<Vector512<uint>> words, Span<Vector512<uint>> state)
    {
        ref Vector512<uint> w = ref MemoryMarshal.GetReference(words);
        ref uint k = ref MemoryMarshal.GetReference(Constants);
        (Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d) = (state[0], state[1], state[2], state[3]);
        (Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, Vector512<uint> h) = (state[4], state[5], state[6], state[7]);
        int t = 0;
        for (; t < Rounds - WordsOfChunk; t += WordsOfState)
        {
            // The eight working variables have moved once around after eight rounds. The words of later rounds are made
            // between them: a processor does both at once.
            Round(a, b, c, ref d, e, f, g, ref h, ExpandAfter(ref Unsafe.Add(ref w, t)), Unsafe.Add(ref k, t));
            Round(h, a, b, ref c, d, e, f, ref g, ExpandAfter(ref Unsafe.Add(ref w, t + 1)), Unsafe.Add(ref k, t + 1));
            Round(g, h, a, ref b, c, d, e, ref f, ExpandAfter(ref Unsafe.Add(ref w, t + 2)), Unsafe.Add(ref k, t + 2));
            Round(f, g, h, ref a, b, c, d, ref e, ExpandAfter(ref Unsafe.Add(ref w, t + 3)), Unsafe.Add(ref k, t + 3));
            Round(e, f, g, ref h, a, b, c, ref d, ExpandAfter(ref Unsafe.Add(ref w, t + 4)), Unsafe.Add(ref k, t + 4));
            Round(d, e, f, ref g, h, a, b, ref c, ExpandAfter(ref Unsafe.Add(ref w, t + 5)), Unsafe.Add(ref k, t + 5));
            Round(c, d, e, ref f, g, h, a, ref b, ExpandAfter(ref Unsafe.Add(ref w, t + 6)), Unsafe.Add(ref k, t + 6));
            Round(b, c, d, ref e, f, g, h, ref a, ExpandAfter(ref Unsafe.Add(ref w, t + 7)), Unsafe.Add(ref k, t + 7));
        }

        for (; t < Rounds; t += WordsOfState)
        {
            Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, t), Unsafe.Add(ref k, t));
            Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, t + 1), Unsafe.Add(ref k, t + 1));
            Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, t + 2), Unsafe.Add(ref k, t + 2));
            Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, t + 3), Unsafe.Add(ref k, t + 3));
            Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, t + 4), Unsafe.Add(ref k, t + 4));
            Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, t + 5), Unsafe.Add(ref k, t + 5));
            Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, t + 6), Unsafe.Add(ref k, t + 6));
            Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, t + 7), Unsafe.Add(ref k, t + 7));
        }

        (state[0], state[1], state[2], state[3]) = (state[0] + a, state[1] + b, state[2] + c, state[3] + d);
        (state[4], state[5], state[6], state[7]) = (state[4] + e, state[5] + f, state[6] + g, state[7] + h);
    }

    // A word, for its round; makes the one sixteen rounds later (section 6.2.2, step 1).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> ExpandAfter(ref Vector512<uint> word)
    {
        Vector512<uint> early = Unsafe.Add(ref word, 1);
        Vector512<uint> late = Unsafe.Add(ref word, 14);
        Vector512<uint> sigma0 = Xor(Avx512F.RotateRight(early, 7), Avx512F.RotateRight(early, 18), early >>> 3);
        Vector512<uint> sigma1 = Xor(Avx512F.RotateRight(late, 17), Avx512F.RotateRight(late, 19), late >>> 10);
        Unsafe.Add(ref word, WordsOfChunk) = word + Unsafe.Add(ref word, 9) + (sigma0 + sigma1);
        return word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> d, Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, ref Vector512<uint> h, Vector512<uint> word, uint constant)
    {
        Vector512<uint> choice = Avx512F.TernaryLogic(e, f, g, 0xCA);
        Vector512<uint> majority = Avx512F.TernaryLogic(a, b, c, 0xE8);
        Vector512<uint> t1 = h + (word + Vector512.Create(constant)) + (Xor(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25)) + choice);
        d += t1;
        h = t1 + (Xor(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22)) + majority);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) => Avx512F.TernaryLogic(a, b, c, 0x96);

    // The next chunk of every slice, transposed: word i of all slices in words[i].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadChunks(ref byte first, nuint sliceLength, Span<Vector512<uint>> words)
    {
        for (int i = 0; i < 4; i++)
        {
            // Of four slices: 128 bits of a register have one word of each.
            ref byte at = ref Unsafe.Add(ref first, (nuint)(4 * i) * sliceLength);
            (Vector512<uint> r0, Vector512<uint> r1) = (ReadChunk(ref at), ReadChunk(ref Unsafe.Add(ref at, sliceLength)));
            (Vector512<uint> r2, Vector512<uint> r3) = (ReadChunk(ref Unsafe.Add(ref at, 2 * sliceLength)), ReadChunk(ref Unsafe.Add(ref at, 3 * sliceLength)));
            (Vector512<ulong> low01, Vector512<ulong> high01) = (Avx512F.UnpackLow(r0, r1).AsUInt64(), Avx512F.UnpackHigh(r0, r1).AsUInt64());
            (Vector512<ulong> low23, Vector512<ulong> high23) = (Avx512F.UnpackLow(r2, r3).AsUInt64(), Avx512F.UnpackHigh(r2, r3).AsUInt64());
            words[i] = Avx512F.UnpackLow(low01, low23).AsUInt32();
            words[4 + i] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
            words[8 + i] = Avx512F.UnpackLow(high01, high23).AsUInt32();
            words[12 + i] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
        }

        // Words i, 4 + i, 8 + i and 12 + i of all slices, from the quarters of four registers.
        (Vector512<uint> q0, Vector512<uint> q1, Vector512<uint> q2, Vector512<uint> q3) = TransposeQuarters(words[0], words[1], words[2], words[3]);
        (Vector512<uint> q4, Vector512<uint> q5, Vector512<uint> q6, Vector512<uint> q7) = TransposeQuarters(words[4], words[5], words[6], words[7]);
        (Vector512<uint> q8, Vector512<uint> q9, Vector512<uint> q10, Vector512<uint> q11) = TransposeQuarters(words[8], words[9], words[10], words[11]);
        (Vector512<uint> q12, Vector512<uint> q13, Vector512<uint> q14, Vector512<uint> q15) = TransposeQuarters(words[12], words[13], words[14], words[15]);
        (words[0], words[1], words[2], words[3]) = (q0, q4, q8, q12);
        (words[4], words[5], words[6], words[7]) = (q1, q5, q9, q13);
        (words[8], words[9], words[10], words[11]) = (q2, q6, q10, q14);
        (words[12], words[13], words[14], words[15]) = (q3, q7, q11, q15);
    }

    // Words are big-endian.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> ReadChunk(ref byte chunk)
    {
        Vector512<byte> swapped = Vector512.Create(0x0405060700010203UL, 0x0C0D0E0F08090A0BUL, 0x0405060700010203UL, 0x0C0D0E0F08090A0BUL, 0x0405060700010203UL, 0x0C0D0E0F08090A0BUL, 0x0405060700010203UL, 0x0C0D0E0F08090A0BUL).AsByte();
        return Avx512BW.Shuffle(Vector512.LoadUnsafe(ref chunk), swapped).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<uint> First, Vector512<uint> Second, Vector512<uint> Third, Vector512<uint> Fourth) TransposeQuarters(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d)
    {
        (Vector512<uint> ab01, Vector512<uint> ab23) = (Avx512F.Shuffle4x128(a, b, 0x44), Avx512F.Shuffle4x128(a, b, 0xEE));
        (Vector512<uint> cd01, Vector512<uint> cd23) = (Avx512F.Shuffle4x128(c, d, 0x44), Avx512F.Shuffle4x128(c, d, 0xEE));
        return (Avx512F.Shuffle4x128(ab01, cd01, 0x88), Avx512F.Shuffle4x128(ab01, cd01, 0xDD), Avx512F.Shuffle4x128(ab23, cd23, 0x88), Avx512F.Shuffle4x128(ab23, cd23, 0xDD));
    }
}
