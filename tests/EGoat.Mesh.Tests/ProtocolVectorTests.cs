using System.Text;
using System.Text.Json.Nodes;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Tests;

/// <summary>The vectors that the page runs too (tests/vectors/protocol-1.json).</summary>
public sealed class ProtocolVectorTests
{
    private static readonly JsonObject Vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors", "protocol-1.json")))!.AsObject();

    [Fact]
    public void Identities_are_those_of_the_vectors()
    {
        foreach (JsonNode? vector in Vectors["identities"]!.AsArray())
        {
            Assert.Equal((string?)vector!["identity"], IdentityId.FromCertificate(Convert.FromHexString((string)vector["certificate"]!)));
        }
    }

    [Fact]
    public async Task Tree_hashes_are_those_of_the_vectors()
    {
        foreach (JsonNode? vector in Vectors["treeHashes"]!.AsArray())
        {
            byte[] content = [.. Enumerable.Range(0, (int)vector!["length"]!).Select(i => (byte)((31 * i) + (i >> 8)))];
            using var stream = new MemoryStream(content);
            Assert.Equal((string?)vector["treeHash"], await TreeHash.ComputeAsync(stream));
        }
    }

    [Fact]
    public void Frames_are_written_as_the_vectors_say_and_read_back()
    {
        foreach (JsonNode? vector in Vectors["frames"]!.AsArray())
        {
            byte[] expected = Convert.FromHexString((string)vector!["bytes"]!);
            Assert.Equal(expected, Write(vector));
            Assert.True(FileFrame.TryParse(expected, out FileFrame frame));
            Assert.Equal((string?)vector["type"], frame.Type.ToString().ToUpperInvariant());
            Assert.Equal((uint?)vector["file"] ?? 0, frame.File);
            Assert.Equal((uint?)vector["seconds"] ?? 0, frame.Seconds);
            Assert.Equal((byte?)vector["status"] ?? 0, frame.Type == FileFrameType.Stored ? frame.Flags : 0);
            Assert.Equal((string?)vector["reason"] ?? "", frame.Type is FileFrameType.Stored or FileFrameType.Skip ? frame.GetReason() : "");
        }
    }

    [Fact]
    public void A_reason_that_is_too_long_is_cut_between_characters()
    {
        byte[] skip = FileFrame.CreateSkip(0, "x" + string.Concat(Enumerable.Repeat("🐐", 1000)));
        Assert.True(FileFrame.TryParse(skip, out FileFrame frame));
        Assert.Equal(1 + (2 * ((FileFrame.MaxReasonBytes - 1) / 4)), frame.GetReason().Length);
        Assert.False(FileFrame.TryParse([.. skip, .. new byte[4]], out _));
        Assert.False(FileFrame.TryParse([0x83, 0, 0, 0, 0, 0, 0, 0, 65], out _));
        Assert.False(FileFrame.TryParse([0x83, 3, 0, 0, 0, 0, 0, 0, 65], out _));
    }

    private static byte[] Write(JsonNode vector)
    {
        var bytes = new byte[FileFrame.MaxLength];
        int file = (int?)vector["file"] ?? 0;
        byte[] hash = Convert.FromHexString((string?)vector["hash"] ?? "");
        switch ((string)vector["type"]!)
        {
            case "MANIFEST":
                byte[] json = Encoding.UTF8.GetBytes((string)vector["json"]!);
                FileFrame.WriteManifestHeader(bytes, (bool)vector["last"]!);
                json.CopyTo(bytes, FileFrame.ManifestHeaderLength);
                return bytes[..(FileFrame.ManifestHeaderLength + json.Length)];
            case "DATA":
                byte[] payload = Convert.FromHexString((string)vector["payload"]!);
                FileFrame.WriteDataHeader(bytes, file, (long)vector["offset"]!);
                payload.CopyTo(bytes, FileFrame.DataHeaderLength);
                return bytes[..(FileFrame.DataHeaderLength + payload.Length)];
            case "HASH":
                FileFrame.WriteHash(bytes, file, (int)vector["block"]!, (int)vector["blockLength"]!, hash);
                return bytes[..FileFrame.HashFrameLength];
            case "END":
                FileFrame.WriteEnd(bytes, file, (long)vector["length"]!, hash);
                return bytes[..FileFrame.EndFrameLength];
            case "ACK":
                FileFrame.WriteAck(bytes, (long)vector["acknowledged"]!);
                return bytes[..FileFrame.AckFrameLength];
            case "SKIP":
                return FileFrame.CreateSkip(file, (string)vector["reason"]!);
            case "ALIVE":
                return FileFrame.CreateAlive((int)vector["seconds"]!);
            case "STORED" when vector["reason"] is { } reason:
                return FileFrame.CreateStored(file, (byte)vector["status"]!, (string)reason!);
            default:
                FileFrame.WriteStored(bytes, file, (int)vector["status"]! == FileFrame.StatusStored);
                return bytes[..FileFrame.StoredFrameLength];
        }
    }
}
