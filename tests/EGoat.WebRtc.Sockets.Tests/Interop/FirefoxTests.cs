using EGoat.Testing;

namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>Against Firefox: nICEr, NSS and its own SCTP.</summary>
public sealed class FirefoxTests : InteropTests
{
    [ProgramFact(FirefoxPeer.Program)]
    public async Task Either_side_offers_and_either_opens_DTLS()
    {
        await using FirefoxPeer peer = await FirefoxPeer.StartAsync(Limit);
        foreach (Opener opener in Enum.GetValues<Opener>())
        {
            await OfferAsync(peer, opener);
            await peer.RenewAsync();
            await AnswerAsync(peer, opener);
            await peer.RenewAsync();
        }
    }
}
