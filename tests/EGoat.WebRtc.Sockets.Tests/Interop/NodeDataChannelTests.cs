namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against node-datachannel: libdatachannel with libjuice and usrsctp.</summary>
public sealed class NodeDataChannelTests : InteropTests
{
    private const string Package = "node-datachannel";

    // setRemoteDescription() gives ICE the answer before it keeps the fingerprint.
    protected override bool HasRaceAtAnswer => true;

    // The thread that announces a channel and the one that receives both hand over what waits in it, each a message at a time.
    protected override bool HasRaceAtChannel => true;

    [NodePackageTheory(Package)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task We_offer_and_libdatachannel_answers(Opener opener)
    {
        await using ForeignPeer peer = Start();
        await OfferAsync(peer, opener);
    }

    [NodePackageTheory(Package)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task Libdatachannel_offers_and_we_answer(Opener opener)
    {
        await using ForeignPeer peer = Start();
        await AnswerAsync(peer, opener);
    }

    private static ProcessPeer Start() => new("node", ForeignPeer.Script("node_peer.js"), Package + "/polyfill");
}
