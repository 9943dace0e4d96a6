namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against aiortc: ICE, DTLS and SCTP of Python.</summary>
public sealed class AiortcTests : InteropTests
{
    protected override bool AlwaysOpens => true;

    /// <summary>It counts characters where DCEP counts bytes.</summary>
    protected override string Label => "theirs, limited";

    [PythonModuleFact("aiortc")]
    public async Task We_offer_and_aiortc_answers()
    {
        await using ForeignPeer peer = Start();
        await OfferAsync(peer, Opener.Theirs);
    }

    // It has the odd channel ids when it offers, whoever opens DTLS (RFC 8832 section 6): so that is this side.
    [PythonModuleFact("aiortc")]
    public async Task Aiortc_offers_and_we_answer()
    {
        await using ForeignPeer peer = Start();
        await AnswerAsync(peer, Opener.Ours);
    }

    private static ProcessPeer Start() => new(PythonModule.Python, ForeignPeer.Script("aiortc_peer.py"));
}
