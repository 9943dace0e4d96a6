// A joined room: members coming and going, and which message of theirs is for whom.

import { Emitter } from '../common/emitter.js';
import { shownError } from '../common/fault.js';
import { base32, newId } from '../common/protocol.js';
import { PAGE_SIZE } from '../effects/history.js';
import { identityBytes, loadCertificate } from '../effects/identity.js';
import { Peer } from '../effects/peer.js';
import { Signaling } from '../effects/signaling.js';
import { peopleOf, TYPING_TIME } from './people.js';
import { Texts } from './texts.js';
import { Transfers } from './transfers.js';

const RETRY_DELAY = 1000;
const MAX_REASON = 200;
const TYPING_PAUSE = 3000;

export class Room extends Emitter {
  certificate;
  iceServers = [];
  identity;
  name;
  displayName;
  state = 'joining';
  timeline;
  texts;
  transfers;
  #peerId = newId();
  #instance = newId();
  #history;
  #peers = new Map();
  #present = new Set();
  #signaling;
  #met = new Set();
  #typedAt = 0;
  #hasOlder = false;

  // Events: people(people), state(state, message), came(person's name), left(name), refused(name, reason), storing(error or
  // undefined), notice(text).
  constructor(name, displayName, history, timeline) {
    super();
    this.name = name;
    this.displayName = displayName;
    this.#history = history;
    this.timeline = timeline;
    this.transfers = new Transfers({ name, peers: () => [...this.#peers.values()] }, {
      transfer: (transfer, at) => timeline.putTransfer(transfer, at),
      removed: key => timeline.removeTransfer(key),
      notice: text => this.emit('notice', text),
    });
  }

  get people() {
    return peopleOf(this.#peers.values(), this.identity);
  }

  // Who this page is.
  async prepare() {
    this.certificate = await loadCertificate();
    this.identity = base32(identityBytes(this.certificate));
    const self = { room: this.name, name: this.displayName, identity: this.identity };
    this.texts = new Texts(self, this.#history, this.timeline, () => [...this.#peers.values()], error => this.emit('storing', error));
  }

  async join() {
    await this.#restore();
    this.#signaling = new Signaling(this.name, this.#peerId, {
      joined: (peers, iceServers, isRejoin) => this.#joined(peers, iceServers, isRejoin),
      peerJoined: id => { this.#present.add(id); this.#peer(id); },
      peerLeft: id => this.#left(id),
      signal: (from, data) => this.#peer(from).handle(data).catch(() => {}), // whoever introduces itself wrongly is not met
      lost: () => this.#setState('reconnecting'),
      refused: (code, message) => this.#setState('refused', message),
    });
  }

  // Older texts, put in front. False when there are no more.
  async loadOlder() {
    if (!this.#hasOlder) return false;
    const oldest = this.timeline.items.find(item => item.kind === 'text' && item.isRestored)?.message;
    return this.#showHistory(await this.#history.last(this.name, oldest));
  }

  // The newest first, whatever is shown.
  async *allTexts() {
    for (let texts = await this.#history.last(this.name); texts.length > 0; texts = await this.#history.last(this.name, texts[0])) yield* texts.toReversed();
  }

  search(text) {
    return this.#history.search(this.name, text);
  }

  leave() {
    this.#close();
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
  }

  // The page goes away, perhaps to come back: who waits for it shall go on waiting.
  vanish() {
    this.#close();
    for (const peer of this.#peers.values()) peer.vanish();
  }

  rename(name) {
    this.displayName = name;
    this.texts.rename(name);
    for (const peer of this.#peers.values()) peer.greet();
  }

  typing() {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_PAUSE) return;
    this.#typedAt = now;
    for (const peer of this.#peers.values()) peer.send({ type: 'typing' });
  }

  // All of them are one transfer to each device of each receiver. to: an identity, or undefined for everybody. Whether anybody
  // is sent to.
  sendFiles(sources, to) {
    const receivers = [...this.#peers.values()].filter(peer => peer.state === 'connected' && peer.acceptsFiles && (to === undefined || peer.identity === to));
    if (receivers.length > 0) this.transfers.send(receivers, sources);
    return receivers.length > 0;
  }

  // What peers ask of the room.

  hello() {
    return { name: this.displayName, instance: this.#instance, accepts: this.transfers.acceptsFiles };
  }

  introduce(to, data) {
    this.#signaling.send(to, data);
  }

  changed(peer) {
    if (peer.state === 'connected') {
      this.#greet(peer);
      this.texts.peerReady(peer);
      this.transfers.peerReady();
      for (const other of this.#peers.values()) {
        if (other !== peer && other.identity === peer.identity && other.instance === peer.instance) this.#remove(other);
      }
    }
    this.#showPeople();
  }

  // Its connection is gone; another may follow.
  lost(peer) {
    this.transfers.peerLost(peer);
  }

  ended(peer, isBroken) {
    this.lost(peer);
    if (!isBroken || !this.#present.has(peer.id)) {
      this.#remove(peer);
      return;
    }
    setTimeout(() => {
      if (this.#peers.get(peer.id) !== peer || peer.isLive) return;
      if (!this.#present.has(peer.id)) this.#remove(peer);
      else if (this.#peerId < peer.id) peer.offer();
      else this.introduce(peer.id, { kind: 'restart' });
    }, RETRY_DELAY);
  }

  channel(peer, channel) {
    if (!this.transfers.receive(peer, channel)) channel.close();
  }

  async received(peer, message) {
    peer.typingUntil = message.type === 'typing' ? Date.now() + TYPING_TIME : message.type === 'text' ? 0 : peer.typingUntil;
    switch (message.type) {
      case 'text':
        await this.texts.receive(peer, message);
        break;
      case 'receipt':
        this.texts.confirm(peer, message.id);
        break;
      case 'typing':
        this.#showPeople();
        setTimeout(() => this.#showPeople(), TYPING_TIME);
        break;
      case 'bye':
        if (message.reason) this.emit('refused', peer.name, String(message.reason).slice(0, MAX_REASON));
        this.#remove(peer);
        break;
      default:
        this.transfers.handle(peer, message);
    }
  }

  async #restore() {
    try {
      this.#showHistory(await this.#history.last(this.name));
    } catch (error) {
      this.emit('storing', error);
    }
    await this.texts.restore().catch(() => {}); // without its marks, then
    await this.transfers.restore().catch(error => this.emit('notice', shownError(error)));
  }

  // Whether there may be more.
  #showHistory(messages) {
    this.#hasOlder = messages.length === PAGE_SIZE;
    this.timeline.restore(messages.map(message => ({
      key: `${message.fromIdentity}/${message.id}`, kind: 'text', at: Date.parse(message.receivedAt), message,
      isOwn: message.direction === 'Sent' || message.fromIdentity === this.identity, isKept: true, isRestored: true,
    })));
    return messages.length > 0;
  }

  #close() {
    this.#signaling?.close();
    this.texts?.close();
  }

  #setState(state, message) {
    this.state = state;
    this.emit('state', state, message);
  }

  #joined(peers, iceServers, isRejoin) {
    this.iceServers = iceServers;
    this.#present = new Set(peers);
    this.#setState('joined');
    for (const id of peers) {
      const peer = this.#peer(id);
      if (peer.isLive) continue;
      if (!isRejoin || this.#peerId < id) peer.offer();
      else this.introduce(id, { kind: 'restart' });
    }
    for (const peer of [...this.#peers.values()]) if (!this.#present.has(peer.id) && !peer.isLive) this.#remove(peer);
    this.#showPeople();
  }

  #left(id) {
    this.#present.delete(id);
    const peer = this.#peers.get(id);
    if (peer && !peer.isLive) this.#remove(peer);
  }

  #peer(id) {
    let peer = this.#peers.get(id);
    if (!peer) {
      peer = new Peer(id, this);
      this.#peers.set(id, peer);
      this.#showPeople();
    }
    return peer;
  }

  #remove(peer) {
    if (this.#peers.get(peer.id) !== peer) return;
    this.#peers.delete(peer.id);
    this.lost(peer);
    peer.close();
    this.texts.peerLeft(peer);
    const isGone = ![...this.#peers.values()].some(other => other.identity === peer.identity);
    if (peer.identity && isGone && this.#met.delete(peer.identity) && peer.identity !== this.identity) this.emit('left', peer.name);
    this.#showPeople();
  }

  #greet(peer) {
    if (this.#met.has(peer.identity)) return;
    this.#met.add(peer.identity);
    if (peer.identity !== this.identity) this.emit('came', peer.name);
  }

  #showPeople() {
    this.emit('people', this.people);
  }
}
