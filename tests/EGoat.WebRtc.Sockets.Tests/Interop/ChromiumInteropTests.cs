using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against Chromium: libwebrtc, BoringSSL and dcSCTP.</summary>
public sealed class ChromiumInteropTests : InteropTests
{
    [ProgramFact("chromium")]
    public async Task Either_side_offers_and_either_opens_DTLS()
    {
        await using ChromiumPeer peer = await ChromiumPeer.StartAsync();
        foreach (Opener opener in Enum.GetValues<Opener>())
        {
            await OfferAsync(peer, opener);
            await peer.RenewAsync();
            await AnswerAsync(peer, opener);
            await peer.RenewAsync();
        }
    }
}
