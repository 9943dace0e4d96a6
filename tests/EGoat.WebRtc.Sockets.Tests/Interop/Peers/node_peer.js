// peer.js in Node, with the package that the first argument names: a command a line in, an answer a line out.
require('./peer.js');
const { RTCPeerConnection } = require(process.argv[2]);

const peer = createPeer(RTCPeerConnection);
const answer = value => console.log(JSON.stringify(value));
let last = Promise.resolve();
require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
  last = last.then(() => peer(JSON.parse(line))).then(value => answer({ value }), error => answer({ error: String(error) }));
});
