using System.Text.Json;
using EGoat.Testing;
using Microsoft.Playwright;

namespace EGoat.Web.Tests;

/// <summary>Restarts of ICE between two peers of the page (docs/protocol.md §2).</summary>
public sealed class PageRestartTests : PageTransferTest
{
    private const string Harness =
        """
        async () => {
          const { Peer } = await import('/effects/peer.js');
          const { newId } = await import('/common/protocol.js');
          const log = [];
          const peers = {};
          const channels = [];
          const received = [];
          let lost = 0;
          const room = async (name, other) => ({
            certificate: await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' }),
            iceServers: [],
            hello: () => ({ name, instance: newId(), accepts: true }),
            introduce: (_, data) => { log.push({ from: name, ...data }); peers[other].handle(data); },
            changed() {}, ended() { lost++; }, lost() { lost++; },
            received: (_, message) => { received.push(message.text); },
            channel: (_, channel) => channels.push(channel),
          });
          peers.a = new Peer('a', await room('a', 'z'));
          peers.z = new Peer('z', await room('z', 'a'));
          const until = async condition => { while (!condition()) await new Promise(r => setTimeout(r, 20)); };
          await peers.a.offer();
          await until(() => peers.a.state === 'connected' && peers.z.state === 'connected');
          const channel = peers.a.openChannel('file:x');
          await until(() => channels.length === 1);
          const session = log[0].session;
          const offers = () => log.filter(m => m.kind === 'offer');
          const answers = () => log.filter(m => m.kind === 'answer');
          // The side that offered is asked to, twice; the side that did not ignores the same request.
          for (let restart = 1; restart <= 2; restart++) {
            await peers.a.handle({ kind: 'restart', session });
            await until(() => answers().length === restart + 1);
          }
          await peers.z.handle({ kind: 'restart', session });
          await peers.a.handle({ kind: 'restart', session: 'another' });
          peers.a.send({ type: 'text', text: 'after' });
          await until(() => received.length === 1);
          const ufrags = offers().map(m => /a=ice-ufrag:(\S+)/.exec(m.sdp)[1]);
          return JSON.stringify({
            sessions: [...new Set([...offers(), ...answers()].map(m => m.session))].length,
            offerers: [...new Set(offers().map(m => m.from))],
            ufrags: [...new Set(ufrags)].length,
            offers: offers().length,
            lost, received, channel: channel.readyState,
          });
        }
        """;

    [ProgramFact("chromium")]
    public async Task A_restart_keeps_the_session_and_its_channels()
    {
        IPage page = await JoinAsync();
        using JsonDocument result = JsonDocument.Parse(await page.EvaluateAsync<string>(Harness));
        Assert.Equal("""{"sessions":1,"offerers":["a"],"ufrags":3,"offers":3,"lost":0,"received":["after"],"channel":"open"}""", JsonSerializer.Serialize(result.RootElement));
    }
}
