namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against GStreamer's webrtcbin: libnice, OpenSSL and usrsctp.</summary>
public sealed class GStreamerTests : InteropTests
{
    private const string Module = "gi.repository.GstWebRTC";

    private const string Check = "from gi.repository import Gst; Gst.init(None); assert all(map(Gst.ElementFactory.find, ['webrtcbin', 'nicesrc']))";

    /// <summary>Its SCTP refuses to send one.</summary>
    protected override bool HasEmptyMessages => false;

    protected override bool SaysGoodbye => false;

    [PythonModuleTheory(Module, Check)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task We_offer_and_GStreamer_answers(Opener opener)
    {
        await using ForeignPeer peer = Start();
        await OfferAsync(peer, opener);
    }

    [PythonModuleTheory(Module, Check)]
    [InlineData(Opener.Ours)]
    [InlineData(Opener.Theirs)]
    public async Task GStreamer_offers_and_we_answer(Opener opener)
    {
        await using ForeignPeer peer = Start();
        await AnswerAsync(peer, opener);
    }

    private static ProcessPeer Start() => new(PythonModule.Python, ForeignPeer.Script("gstreamer_peer.py"));
}
