// Another member of the room: its connection of the moment, and who it is.

import { VERSION, identityOf, newId } from '../common/protocol.js';

const CONTROL = 'egoat';

// Messages that may wait until those before them are stored; whoever sends more is dropped.
const MAX_WAITING = 4096;
const MAX_FEATURES = 64;
const MAX_NAME = 256;

export class Peer {
  id;
  name = '';
  identity = '';
  instance = '';
  acceptsFiles = false;
  features = [];
  state = 'connecting';
  #room;
  #pc;
  #control;
  #session;
  #isOfferer = false;
  #handled = Promise.resolve();

  // room: certificate, iceServers, hello(), introduce(to, data), and the handlers changed(peer), ended(peer, isBroken),
  // received(peer, message), channel(peer, channel), lost(peer)
  constructor(id, room) {
    this.id = id;
    this.#room = room;
  }

  get isLive() {
    return this.#pc !== undefined && !['failed', 'closed'].includes(this.#pc.connectionState);
  }

  get maxMessageSize() {
    return this.#pc?.sctp?.maxMessageSize ?? 16 * 1024;
  }

  async offer() {
    const pc = this.#replace(newId());
    this.#isOfferer = true;
    this.#talk(pc, pc.createDataChannel(CONTROL));
    await pc.setLocalDescription();
    this.#introduce({ kind: 'offer', session: this.#session, sdp: pc.localDescription.sdp });
  }

  // One after another: a candidate must not overtake the description that it belongs to.
  handle(introduction) {
    const handled = this.#handled.then(() => this.#handle(introduction));
    this.#handled = handled.catch(() => {});
    return handled;
  }

  async #handle(introduction) {
    const { kind, session } = introduction;
    if (kind === 'offer') {
      // Another offer of the same session restarts ICE; the connection and its channels stand.
      const isRestart = session === this.#session && this.isLive && !this.#isOfferer;
      const pc = isRestart ? this.#pc : this.#replace(session);
      await pc.setRemoteDescription({ type: 'offer', sdp: introduction.sdp });
      await pc.setLocalDescription();
      this.#introduce({ kind: 'answer', session, sdp: pc.localDescription.sdp });
    } else if (kind === 'answer' && session === this.#session && this.#pc.signalingState === 'have-local-offer') {
      await this.#pc.setRemoteDescription({ type: 'answer', sdp: introduction.sdp });
    } else if (kind === 'candidate' && session === this.#session && this.#pc.remoteDescription) {
      await this.#pc.addIceCandidate({ candidate: introduction.candidate, sdpMid: '0', sdpMLineIndex: 0 });
    } else if (kind === 'restart' && session) {
      if (session === this.#session && this.#isOfferer) await this.#restart();
    } else if (kind === 'restart' && this.state !== 'connected') {
      await this.offer();
    }
  }

  send(message) {
    if (this.#control?.readyState === 'open') this.#control.send(JSON.stringify(message));
  }

  // Of the connection of the moment.
  get session() {
    return this.#session;
  }

  // Says again who this page is, when something of that has changed.
  greet() {
    this.send({ type: 'hello', v: VERSION, ...this.#room.hello(), features: ['frame64k', 'pause', 'outcomes', 'alive'] });
  }

  openChannel(label) {
    return this.#pc.createDataChannel(label);
  }

  close() {
    this.state = 'left';
    this.send({ type: 'bye' });
    const pc = this.#pc;
    this.#pc = undefined;
    // What was said last is still on its way.
    setTimeout(() => pc?.close(), 100);
  }

  // Without a goodbye.
  vanish() {
    this.#pc?.close();
  }

  #introduce(data) {
    this.#room.introduce(this.id, data);
  }

  #replace(session) {
    const old = this.#pc;
    const pc = this.#pc = new RTCPeerConnection({ certificates: [this.#room.certificate], iceServers: this.#room.iceServers });
    if (old) {
      old.close();
      this.#room.lost(this);
    }
    this.#session = session;
    this.#isOfferer = false;
    this.#control = undefined;
    this.#set('connecting');
    pc.onicecandidate = e => e.candidate?.candidate && this.#introduce({ kind: 'candidate', session, candidate: e.candidate.candidate });
    pc.ondatachannel = e => e.channel.label === CONTROL && !this.#control ? this.#talk(pc, e.channel) : this.#room.channel(this, e.channel);
    pc.onconnectionstatechange = () => this.#watch(pc);
    return pc;
  }

  // New ways to the peer for the same connection. Only the side that made the first offer makes another; the other asks for it.
  async #restart() {
    if (!this.isLive) return;
    if (!this.#isOfferer) {
      this.#introduce({ kind: 'restart', session: this.#session });
      return;
    }
    const pc = this.#pc;
    pc.restartIce();
    await pc.setLocalDescription();
    if (pc === this.#pc) this.#introduce({ kind: 'offer', session: this.#session, sdp: pc.localDescription.sdp });
  }

  #watch(pc) {
    if (pc !== this.#pc) return;
    if (pc.connectionState === 'disconnected') {
      this.#set('disconnected');
      this.#restart().catch(() => {}); // it has ended meanwhile
    }
    else if (pc.connectionState === 'connected' && this.name) this.#set('connected');
    else if (pc.connectionState === 'failed') this.#end(pc, true);
  }

  #end(pc, isBroken) {
    if (pc !== this.#pc) return;
    pc.close();
    this.#pc = undefined;
    this.#set('disconnected');
    this.#room.ended(this, isBroken);
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#room.changed(this);
  }

  #talk(pc, control) {
    this.#control = control;
    control.onopen = () => this.greet();
    if (control.readyState === 'open') this.greet();
    // One after another: a message is stored and confirmed before the next is looked at.
    let handled = Promise.resolve();
    let waiting = 0;
    control.onmessage = e => {
      if (++waiting > MAX_WAITING) {
        this.#end(pc, false);
        return;
      }
      handled = handled.then(() => this.#receive(pc, JSON.parse(e.data))).catch(() => this.#end(pc, false)).finally(() => waiting--);
    };
    control.onclose = () => this.#end(pc, false);
  }

  async #receive(pc, message) {
    if (pc !== this.#pc) return;
    if (message.type !== 'hello') {
      if (this.instance) await this.#room.received(this, message);
      return;
    }
    if (message.v > VERSION) {
      this.send({ type: 'bye', reason: `This page speaks version ${VERSION} of the peer protocol.` });
      this.#end(pc, false);
      return;
    }
    // The certificate that DTLS verified, never what anybody claims.
    this.identity = await identityOf(pc.sctp.transport.getRemoteCertificates()[0]);
    this.name = String(message.name ?? '').slice(0, MAX_NAME);
    this.instance = String(message.instance ?? '').slice(0, MAX_NAME);
    this.acceptsFiles = message.accepts === true;
    this.features = Array.isArray(message.features) ? message.features.slice(0, MAX_FEATURES) : [];
    this.state = 'connected';
    this.#room.changed(this);
  }
}
