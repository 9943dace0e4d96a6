using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>
/// Seed and length of a run. <c>EGOAT_SEED</c> chooses the seed, <c>EGOAT_LONG=1</c> makes the run fifty times as long; a
/// failure prints what repeats it.
/// </summary>
internal static class FuzzRun
{
    private const int DefaultSeed = 20_261_123;
    private const int LongFactor = 50;

    /// <summary>The second half of FsCheck's seed; any odd number will do.</summary>
    private const ulong Gamma = 0x9E37_79B9_7F4A_7C15;

    /// <summary>The largest size of what FsCheck makes: about the length of arrays.</summary>
    private const int MaxSize = 120;

    /// <summary>All randomness of the run comes from it.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("EGOAT_SEED"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seed) ? seed : DefaultSeed;

    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("EGOAT_LONG") == "1";

    /// <summary>How many packets a test is to feed that feeds so many in the normal run.</summary>
    public static int Packets(int normal) => IsLong ? LongFactor * normal : normal;

    /// <summary>Randomness for one episode of one test: each can be repeated alone.</summary>
    public static Random Randomness(int episode, int test) => new(unchecked((Seed * 397) ^ (test * 7919) ^ (episode * 104_729)));

    /// <summary>Has FsCheck look for a counterexample, and shrink it.</summary>
    public static void Check<T>(Gen<T> generator, Func<T, IEnumerable<T>> shrink, Action<T> property, int count)
    {
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithStartSize(1)
            .WithEndSize(MaxSize)
            .WithQuietOnSuccess(true)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd((ulong)Seed, Gamma), FSharpOption<int>.None)));
        try
        {
            Prop.ForAll(Arb.From(generator, shrink), property).Check(config);
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"EGOAT_SEED={Seed}: {e.Message}");
        }
    }

    /// <summary>An array with parts left out, halves first: what remains is easier to understand.</summary>
    public static IEnumerable<T[]> ShrinkArray<T>(T[] array)
    {
        for (int length = array.Length / 2; length > 0; length /= 2)
        {
            for (int start = 0; start + length <= array.Length; start += length)
            {
                yield return [.. array[..start], .. array[(start + length)..]];
            }
        }
    }
}
