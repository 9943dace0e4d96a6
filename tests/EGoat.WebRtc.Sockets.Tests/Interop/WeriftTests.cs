namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against werift: ICE, DTLS and SCTP in TypeScript.</summary>
public sealed class WeriftTests : InteropTests
{
    private const string Package = "werift";

    /// <summary>Its role in DTLS follows from its role in ICE, whatever the descriptions say.</summary>
    protected override bool AlwaysOpens => true;

    protected override bool HasEmptyMessages => false;

    /// <summary>It counts characters where DCEP counts bytes.</summary>
    protected override string Label => "theirs, limited";

    protected override bool SaysGoodbye => false;

    [NodePackageFact(Package)]
    public async Task We_offer_and_werift_answers()
    {
        await using ForeignPeer peer = Start();
        await OfferAsync(peer, Opener.Theirs);
    }

    [NodePackageFact(Package)]
    public async Task Werift_offers_and_we_answer()
    {
        await using ForeignPeer peer = Start();
        await AnswerAsync(peer, Opener.Ours);
    }

    private static ProcessPeer Start() => new("node", ForeignPeer.Script("node_peer.js"), Package);
}
