using System.Buffers.Binary;

namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>Makes almost valid packets of valid ones: changed bits and numbers, cut, spliced, lengths off by one.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> others)
{
    /// <summary>No packet grows beyond it.</summary>
    private const int MaxLength = 1500;

    private static readonly uint[] InterestingNumbers = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 20, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF];

    /// <summary>A copy with one to four changes.</summary>
    public byte[] Mutate(ReadOnlySpan<byte> packet)
    {
        byte[] result = packet.ToArray();
        for (int i = 1 + random.Next(4); i > 0; i--)
        {
            result = ChangeOnce(result);
        }

        return result;
    }

    private byte[] ChangeOnce(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        int at = random.Next(bytes.Length);
        switch (random.Next(11))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2 or 3 when bytes.Length >= 2:
                at = Align(at, 2, bytes.Length);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)Interesting());
                return bytes;
            case 4 when bytes.Length >= 4:
                at = Align(at, 4, bytes.Length);
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), Interesting());
                return bytes;
            case 5 or 6 when bytes.Length >= 2:
                // A length or count, one or one word off.
                at = Align(at, 2, bytes.Length);
                int[] offsets = [-4, -1, 1, 4];
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)) + offsets[random.Next(4)]));
                return bytes;
            case 7:
                return bytes[..at];
            case 8:
                return [.. bytes[..at], .. bytes[(at + random.Next(bytes.Length - at))..]];
            case 9:
                int length = random.Next(Math.Min(bytes.Length - at, MaxLength - Math.Min(MaxLength, bytes.Length)) + 1);
                return [.. bytes[..(at + length)], .. bytes[at..]];
            default:
                return Splice(bytes, at);
        }
    }

    private byte[] Splice(byte[] bytes, int at)
    {
        byte[] other = others.Count == 0 ? bytes : others[random.Next(others.Count)];
        byte[] tail = other[random.Next(other.Length + 1)..];
        byte[] result = [.. bytes[..at], .. tail];
        return result.Length > MaxLength ? result[..MaxLength] : result;
    }

    private uint Interesting() => random.Next(8) == 0 ? (uint)random.NextInt64(1L << 32) : InterestingNumbers[random.Next(InterestingNumbers.Length)];

    private static int Align(int at, int size, int length) => Math.Min(at, length - size) & ~(size - 1);
}
