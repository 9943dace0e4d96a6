namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against pion: ICE, DTLS and SCTP of Go.</summary>
public sealed class PionTests(PionProgram program) : InteropTests, IClassFixture<PionProgram>
{
    /// <summary>Its SCTP sends no more, though it would take it.</summary>
    protected override int MaxMessageSize => 64 * 1024;

    [GoPackageTheory(PionProgram.Package)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task We_offer_and_pion_answers(Opener opener)
    {
        await using ForeignPeer peer = program.Start(opensDtls: opener == Opener.Theirs);
        await OfferAsync(peer, opener);
    }

    [GoPackageTheory(PionProgram.Package)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task Pion_offers_and_we_answer(Opener opener)
    {
        await using ForeignPeer peer = program.Start();
        await AnswerAsync(peer, opener);
    }
}
