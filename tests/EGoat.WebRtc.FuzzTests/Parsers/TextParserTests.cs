using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.FuzzTests.Support;
using EGoat.WebRtc.Ice;
using EGoat.WebRtc.Sdp;

namespace EGoat.WebRtc.FuzzTests.Parsers;

public sealed class TextParserTests
{
    [Fact]
    public void A_mutated_session_description_is_refused_or_written_and_read_again() => CorpusGenerators.CheckTexts("sdp", PacketShare.TextParsers / 2, text =>
    {
        if (!SessionDescription.TryParse(text, out SessionDescription description, out string error))
        {
            Assert.NotEqual("", error);
            return;
        }

        Assert.True(description.Candidates.Count <= 64 && description.Fingerprints.Count is > 0 and <= 8 && description.Sections.Count <= 32);
        string written = description.Write(1, 1);
        Assert.True(SessionDescription.TryParse(written, out SessionDescription again, out error), $"{error}: {written}");
        Assert.Equal((description.IceCredentials, description.Setup, description.Mid, description.SctpPort, description.MaxMessageSize, description.HasEndOfCandidates), (again.IceCredentials, again.Setup, again.Mid, again.SctpPort, again.MaxMessageSize, again.HasEndOfCandidates));
        Assert.Equal(description.Fingerprints, again.Fingerprints);
        Assert.Equal(description.Candidates, again.Candidates);
        Assert.Equal(description.Sections, again.Sections);
        Assert.True(written.Length <= (2 * text.Length) + 2000, "An answer is not much longer than the offer.");
    });

    [Fact]
    public void A_mutated_candidate_is_refused_or_written_and_read_again() => CorpusGenerators.CheckTexts("candidate", PacketShare.TextParsers / 4, text =>
    {
        if (IceCandidate.TryParse(text, out IceCandidate? candidate))
        {
            Assert.True(IceCandidate.TryParse(candidate!.ToString(), out IceCandidate? again), candidate.ToString());
            Assert.Equal((candidate.Foundation, candidate.Priority, candidate.Address, candidate.Type), (again!.Foundation, again.Priority, again.Address, again.Type));
            Assert.DoesNotContain(candidate.ToString(), char.IsControl);
        }
    });

    [Fact]
    public void A_mutated_server_URL_is_refused_or_written_and_read_again() => CorpusGenerators.CheckTexts("server", PacketShare.TextParsers / 4, text =>
    {
        if (IceServer.TryParse(text, "user", "password", out IceServer? server))
        {
            Assert.True(IceServer.TryParse(server.ToString(), "user", "password", out IceServer? again), server.ToString());
            Assert.Equal(server, again);
        }
    });

    [Fact]
    public void A_mutated_fingerprint_is_refused_or_written_and_read_again() => CorpusGenerators.CheckTexts("sdp", 2000, text =>
    {
        foreach (string line in text.Split('\n').Where(l => l.Contains("fingerprint:", StringComparison.Ordinal)))
        {
            if (DtlsFingerprint.TryParse(line[(line.IndexOf("fingerprint:", StringComparison.Ordinal) + 12)..].Trim(), out DtlsFingerprint fingerprint))
            {
                Assert.True(DtlsFingerprint.TryParse(fingerprint.ToString(), out DtlsFingerprint again));
                Assert.Equal(fingerprint, again);
            }
        }
    });

    [Theory]
    [InlineData("\u001b[2J")]
    [InlineData("a\nb")]
    [InlineData("a:b")]
    public void A_foundation_has_no_characters_beyond_those_of_the_grammar(string foundation) =>
        Assert.False(IceCandidate.TryParse($"candidate:{foundation} 1 udp 1 192.0.2.1 5000 typ host", out _));

    [Fact]
    public void Equal_credentials_are_equal() =>
        Assert.Equal(new IceCredentials("abcd", "abcdefghijklmnopqrstuv"), new IceCredentials("abcd", "abcdefghijklmnopqrstuv"));
}
