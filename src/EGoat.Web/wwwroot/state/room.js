// A joined room: members coming and going, texts with receipts, files.

import { base32, newId, newUuid } from '../common/protocol.js';
import { identityBytes, loadCertificate } from '../effects/identity.js';
import { Peer } from '../effects/peer.js';
import { Signaling } from '../effects/signaling.js';
import { Transfers } from './transfers.js';

const RETRY_DELAY = 1000;
const MAX_CLOCK_ERROR = 24 * 60 * 60 * 1000;

export class Room {
  certificate;
  iceServers = [];
  identity;
  name;
  #displayName;
  #peerId = newId();
  #instance = newId();
  #history;
  #view;
  #peers = new Map();
  #present = new Set();
  #pending = new Map();
  #signaling;
  #transfers;

  // view: peers(list), message(message), confirmed(id, left), transfer(transfer), removed(key), status(text), notice(text)
  constructor(name, displayName, history, view) {
    this.name = name;
    this.#displayName = displayName;
    this.#history = history;
    this.#view = view;
    this.#transfers = new Transfers({ name, peers: () => [...this.#peers.values()] }, view);
  }

  get transfers() {
    return this.#transfers;
  }

  async join() {
    this.certificate = await loadCertificate();
    this.identity = base32(identityBytes(this.certificate));
    await this.#transfers.restore().catch(error => this.#view.notice(error.message));
    this.#signaling = new Signaling(this.name, this.#peerId, {
      joined: (peers, iceServers, isRejoin) => this.#joined(peers, iceServers, isRejoin),
      peerJoined: id => { this.#present.add(id); this.#peer(id); },
      peerLeft: id => this.#left(id),
      signal: (from, data) => this.#peer(from).handle(data).catch(error => this.#view.notice(error.message)),
      lost: () => this.#view.status('The server is out of reach. Connected peers stay.'),
      refused: message => this.#view.status(message),
    });
  }

  leave() {
    this.#signaling.close();
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
  }

  // The page goes away, perhaps to come back: who waits for it shall go on waiting.
  vanish() {
    this.#signaling.close();
    for (const peer of this.#peers.values()) peer.vanish();
  }

  async send(text) {
    const now = new Date();
    const message = this.#message(newUuid(), this.#displayName, this.identity, text, now, now, 'Sent');
    await this.#history.add(message);
    const recipients = [...this.#peers.values()];
    this.#pending.set(message.id, new Set(recipients.map(peer => peer.id)));
    this.#view.message(message);
    for (const peer of recipients) peer.sendText({ type: 'text', id: message.id, at: now.getTime(), text, private: false });
    if (recipients.length === 0) this.#view.notice('Nobody else is in the room.');
  }

  // All of them are one transfer to each receiver.
  sendFiles(sources) {
    const receivers = [...this.#peers.values()].filter(peer => peer.state === 'connected' && peer.acceptsFiles);
    if (receivers.length === 0) this.#view.notice('Nobody in the room accepts files.');
    for (const peer of receivers) if (sources.length > 0) this.#transfers.send(peer, sources);
  }

  // What peers ask of the room.

  hello() {
    return { name: this.#displayName, instance: this.#instance, accepts: this.#transfers.acceptsFiles };
  }

  introduce(to, data) {
    this.#signaling.send(to, data);
  }

  changed(peer) {
    if (peer.state === 'connected') {
      this.#transfers.peerReady();
      for (const other of this.#peers.values()) {
        if (other !== peer && other.identity === peer.identity && other.instance === peer.instance) this.#remove(other);
      }
    }
    this.#showPeers();
  }

  // Its connection is gone; another may follow.
  lost(peer) {
    this.#transfers.peerLost(peer);
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
    if (!this.#transfers.receive(peer, channel)) channel.close();
  }

  async received(peer, message) {
    switch (message.type) {
      case 'text':
        await this.#receiveText(peer, message);
        break;
      case 'receipt':
        peer.confirm(message.id);
        this.#confirm(message.id, peer.id);
        break;
      case 'bye':
        if (message.reason) this.#view.notice(`${peer.name} refuses: ${message.reason}`);
        this.#remove(peer);
        break;
      default:
        this.#transfers.handle(peer, message);
    }
  }

  // The receipt follows the commit.
  async #receiveText(peer, message) {
    const now = new Date();
    const sentAt = Math.abs(message.at - now) < MAX_CLOCK_ERROR ? new Date(message.at) : now;
    const stored = this.#message(message.id, peer.name, peer.identity, String(message.text), sentAt, now, 'Received');
    await this.#history.add(stored);
    peer.send({ type: 'receipt', id: message.id });
    this.#view.message(stored);
  }

  #message(id, from, fromIdentity, text, sentAt, receivedAt, direction) {
    return { id, room: this.name, from, fromIdentity, text, sentAt: sentAt.toISOString(), receivedAt: receivedAt.toISOString(), direction, private: false };
  }

  #joined(peers, iceServers, isRejoin) {
    this.iceServers = iceServers;
    this.#present = new Set(peers);
    this.#view.status(`In ${this.name} as ${this.#displayName}`);
    for (const id of peers) {
      const peer = this.#peer(id);
      if (peer.isLive) continue;
      if (!isRejoin || this.#peerId < id) peer.offer();
      else this.introduce(id, { kind: 'restart' });
    }
    this.#showPeers();
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
      this.#showPeers();
    }
    return peer;
  }

  #remove(peer) {
    if (this.#peers.get(peer.id) !== peer) return;
    this.#peers.delete(peer.id);
    this.lost(peer);
    peer.close();
    for (const id of this.#pending.keys()) this.#confirm(id, peer.id);
    this.#showPeers();
  }

  #confirm(id, peerId) {
    const left = this.#pending.get(id);
    if (!left?.delete(peerId)) return;
    if (left.size === 0) this.#pending.delete(id);
    this.#view.confirmed(id, left.size);
  }

  #showPeers() {
    this.#view.peers([...this.#peers.values()]);
  }
}
