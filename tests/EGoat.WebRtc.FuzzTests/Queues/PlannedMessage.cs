using EGoat.WebRtc.Sctp.Packet;

namespace EGoat.WebRtc.FuzzTests.Queues;

/// <summary>A message that a sender has cut into fragments with consecutive TSNs.</summary>
internal sealed record PlannedMessage(int Id, ushort StreamId, bool IsUnordered, uint Number, long FirstTsn, byte[][] Fragments)
{
    public long LastTsn => FirstTsn + Fragments.Length - 1;

    public byte[] Payload => [.. Fragments.SelectMany(f => f)];

    /// <summary>Messages on three streams, numbered as RFC 9260 and RFC 8260 say.</summary>
    public static List<PlannedMessage> Plan(Random random, long initialTsn, bool isInterleaved)
    {
        var messages = new List<PlannedMessage>();
        var numbers = new Dictionary<(ushort, bool), uint>();
        long tsn = initialTsn;
        for (int id = random.Next(1, 24); id > 0; id--)
        {
            var stream = (ushort)random.Next(3);
            bool isUnordered = random.Next(3) == 0;
            uint number = isUnordered && !isInterleaved ? 0 : numbers.GetValueOrDefault((stream, isUnordered));
            numbers[(stream, isUnordered)] = number + 1;
            byte[][] fragments = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => Enumerable.Repeat((byte)(id + i), random.Next(1, 30)).ToArray())];
            messages.Add(new PlannedMessage(id, stream, isUnordered, number, tsn, fragments));
            tsn += fragments.Length;
        }

        return messages;
    }

    public byte[] Chunk(int fragment, bool isInterleaved)
    {
        int flags = (fragment == 0 ? DataChunk.BeginFlag : 0) | (fragment == Fragments.Length - 1 ? DataChunk.EndFlag : 0) | (IsUnordered ? DataChunk.UnorderedFlag : 0);
        return Support.SctpChunks.Data(isInterleaved, (byte)flags, (uint)(FirstTsn + fragment), StreamId, Number, (uint)fragment, (uint)Id, Fragments[fragment]);
    }
}
