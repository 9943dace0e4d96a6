using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.DataChannels;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sctp.Packet;
using EGoat.WebRtc.Sdp;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.FuzzTests.Parsers;

public sealed class CorpusTests
{
    /// <summary>With <c>EGOAT_RECORD=1</c> the files are written anew; build again afterwards.</summary>
    [Fact]
    public void The_corpus_has_every_kind_of_packet_that_the_engine_sends()
    {
        IReadOnlyDictionary<string, byte[]> recorded = CorpusRecorder.Record();
        if (Environment.GetEnvironmentVariable("EGOAT_RECORD") == "1")
        {
            foreach ((string name, byte[] contents) in recorded)
            {
                CorpusFiles.Write(name, contents);
            }

            return;
        }

        string[] needed = [.. recorded.Keys.Where(n => !n.StartsWith("sctp-", StringComparison.Ordinal) && !n.StartsWith("dtls-datagram", StringComparison.Ordinal))];
        Assert.Empty(needed.Except(CorpusFiles.Names));
        var types = new HashSet<ChunkType>(CorpusFiles.Read("sctp").SelectMany(p => SctpChunks.Split(p)).Select(c => (ChunkType)c[0]));
        Assert.Empty(Enum.GetValues<ChunkType>().Except([ChunkType.Error]).Except(types)); // ERROR only answers what our engine never sends
    }

    [Fact]
    public void Every_file_of_the_corpus_parses()
    {
        foreach (string name in CorpusFiles.Names)
        {
            byte[] bytes = CorpusFiles.ReadFile(name);
            Assert.True(Parses(name.Split('-')[0], bytes), name);
        }
    }

    private static bool Parses(string kind, byte[] bytes) => kind switch
    {
        "stun" => StunMessage.TryParse(bytes, out StunMessage message) && message.HasValidFingerprint(),
        "sctp" => SctpPacket.HasValidChecksum(bytes, false) && SctpChunks.IsWellFormed(bytes),
        "dtls" => RecordHeader.TryParse(bytes, out _),
        "dcep" => DcepOpen.TryParse(bytes, out _, out _),
        "sdp" => SessionDescription.TryParse(System.Text.Encoding.UTF8.GetString(bytes), out _, out _),
        "candidate" => IceCandidate.TryParse(System.Text.Encoding.UTF8.GetString(bytes), out _),
        "server" => IceServer.TryParse(System.Text.Encoding.UTF8.GetString(bytes), null, null, out _),
        _ => false,
    };
}
