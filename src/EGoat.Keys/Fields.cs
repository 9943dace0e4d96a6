using System.Buffers.Binary;
using System.Text;

namespace EGoat.Keys;

/// <summary>Joins fields so that no two lists of fields give the same bytes: each has its length before it, two bytes, big-endian.</summary>
internal static class Fields
{
    /// <summary>The fields, joined.</summary>
    public static byte[] Join(params ReadOnlySpan<byte[]> fields)
    {
        int length = 0;
        foreach (byte[] field in fields)
        {
            length += sizeof(ushort) + field.Length;
        }

        var joined = new byte[length];
        int at = 0;
        foreach (byte[] field in fields)
        {
            BinaryPrimitives.WriteUInt16BigEndian(joined.AsSpan(at), checked((ushort)field.Length));
            field.CopyTo(joined, at + sizeof(ushort));
            at += sizeof(ushort) + field.Length;
        }

        return joined;
    }

    /// <summary>A text as a field: UTF-8.</summary>
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A number as a field: four bytes, big-endian.</summary>
    public static byte[] Of(uint number)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }
}
