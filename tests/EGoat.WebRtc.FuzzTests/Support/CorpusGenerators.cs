using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>FsCheck generators of almost valid packets and texts.</summary>
internal static class CorpusGenerators
{
    /// <summary>Mutated packets of a kind, and a few of noise.</summary>
    public static Gen<byte[]> Packets(string kind)
    {
        IReadOnlyList<byte[]> corpus = CorpusFiles.Read(kind);
        return Gen.Choose(0, int.MaxValue - 1).Select(seed =>
        {
            var random = new Random(seed);
            if (random.Next(32) == 0)
            {
                var noise = new byte[random.Next(200)];
                random.NextBytes(noise);
                return noise;
            }

            return new Mutator(random, corpus).Mutate(corpus[random.Next(corpus.Count)]);
        });
    }

    public static Gen<string> Texts(string kind) => Packets(kind).Select(Encoding.UTF8.GetString);

    public static Gen<byte[]> Bytes(int maxLength) =>
        Gen.Choose(0, int.MaxValue - 1).Select(seed =>
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(maxLength + 1)];
            random.NextBytes(bytes);
            return bytes;
        });

    /// <summary>Checks a property of mutated packets.</summary>
    public static void CheckPackets(string kind, int normalCount, Action<byte[]> property) =>
        FuzzRun.Check(Packets(kind), FuzzRun.ShrinkArray, property, FuzzRun.Packets(normalCount));

    /// <summary>Checks a property of mutated texts.</summary>
    public static void CheckTexts(string kind, int normalCount, Action<string> property) =>
        FuzzRun.Check(Texts(kind), text => FuzzRun.ShrinkArray(text.ToCharArray()).Select(c => new string(c)), property, FuzzRun.Packets(normalCount));
}
