// Texts: what is said here and who has it, what others say and whether it is kept. A receipt follows the commit; what cannot be
// stored is shown, marked, and tried again until it can.

import { fault } from '../common/fault.js';
import { MAX_TEXT_BYTES, isUuid, newUuid } from '../common/protocol.js';
import { deliveriesOf, keepDelivery } from '../effects/deliveries.js';
import { messageKey } from './timeline.js';

const MAX_CLOCK_ERROR = 24 * 60 * 60 * 1000;

// Texts that wait here to be stored, or for somebody to come back.
const MAX_WAITING = 1000;
const FIRST_PAUSE = 1000;
const MAX_PAUSE = 30_000;

export const bytesOf = text => new TextEncoder().encode(text).length;

export class Texts {
  #self;
  #history;
  #timeline;
  #peers;
  #told;
  // Own texts that somebody has not confirmed: id -> {id, room, wire, recipients: Map of identity -> {name, isConfirmed, sessions}, early}
  #sent = new Map();
  // [{message, confirm}]
  #unkept = [];
  #pause = FIRST_PAUSE;
  #retrying;
  #isStoring = false;

  // self: {room, name, identity}. peers(): those of the room. told(error): storing failed, or works again (undefined)
  constructor(self, history, timeline, peers, told) {
    this.#self = self;
    this.#history = history;
    this.#timeline = timeline;
    this.#peers = peers;
    this.#told = told;
    this.onOnline = () => this.retry();
    addEventListener('online', this.onOnline);
  }

  close() {
    clearTimeout(this.#retrying);
    removeEventListener('online', this.onOnline);
  }

  rename(name) {
    this.#self.name = name;
  }

  // Who has what was said before, and for whom some of it still waits.
  async restore() {
    for (const { id, room, wire, recipients } of await deliveriesOf(this.#self.room)) {
      const sent = { id, room, wire, recipients: new Map(recipients.map(r => [r.identity, { name: r.name, isConfirmed: r.isConfirmed, sessions: new Set() }])), early: new Set() };
      if (!isDone(sent)) this.#sent.set(id, sent);
      this.#show(sent);
    }
    this.#bound();
  }

  // Goes out at once, whether or not it can be stored. to: an identity, or undefined for everybody.
  send(text, to) {
    if (bytesOf(text) > MAX_TEXT_BYTES) throw fault('text-too-long');
    const now = new Date();
    const { room, name, identity } = this.#self;
    const message = toMessage({ id: newUuid(), room, from: name, fromIdentity: identity, text, sentAt: now, receivedAt: now, direction: 'Sent', private: to !== undefined });
    const wire = { type: 'text', id: message.id, at: now.getTime(), text, private: to !== undefined };
    const sent = { id: message.id, room, wire, recipients: new Map(), early: new Set() };
    this.#sent.set(sent.id, sent);
    this.#timeline.addText(message, true);
    for (const peer of this.#peers()) {
      if (to !== undefined && peer.identity !== to) continue;
      if (peer.identity) this.#address(sent, peer);
      else sent.early.add(peer.id);
    }
    this.#bound();
    this.#keep(message);
    this.#changed(sent);
  }

  // A peer has said who it is: what waits for it goes out, in order.
  peerReady(peer) {
    for (const sent of this.#sent.values()) {
      if (sent.early.delete(peer.id)) this.#address(sent, peer);
      else if (sent.recipients.get(peer.identity)?.isConfirmed === false) this.#deliver(sent, peer);
      else continue;
      this.#changed(sent);
    }
  }

  // A peer that never said who it is waits for nothing.
  peerLeft(peer) {
    for (const sent of this.#sent.values()) {
      if (sent.early.delete(peer.id)) sent.isMissed = true;
      else if (!sent.recipients.has(peer.identity)) continue;
      this.#changed(sent);
    }
  }

  confirm(peer, id) {
    const recipient = this.#sent.get(id)?.recipients.get(peer.identity);
    if (!recipient || recipient.isConfirmed) return;
    recipient.isConfirmed = true;
    this.#changed(this.#sent.get(id));
  }

  async receive(peer, { id, at, text, private: isPrivate }) {
    if (typeof text !== 'string' || !isUuid(String(id)) || bytesOf(text) > MAX_TEXT_BYTES) return;
    const now = new Date();
    const sentAt = Math.abs(at - now) < MAX_CLOCK_ERROR ? new Date(at) : now;
    const message = toMessage({ id, room: this.#self.room, from: peer.name, fromIdentity: peer.identity, text, sentAt, receivedAt: now, direction: 'Received', private: isPrivate === true });
    const confirm = () => peer.send({ type: 'receipt', id });
    const waiting = this.#unkept.find(other => messageKey(other.message) === messageKey(message));
    // Said again, over another connection perhaps: that one is told.
    if (waiting) waiting.confirm = confirm;
    else await this.#keep(message, confirm);
  }

  // Storing may work now: the server is back, or has given a new token.
  retry() {
    this.#pause = FIRST_PAUSE;
    this.#storeWaiting();
  }

  // Once what waits is stored, in order.
  async #keep(message, confirm = () => {}) {
    if (this.#unkept.length === 0) {
      try {
        this.#stored(await this.#history.add(message), confirm);
        return;
      } catch (error) {
        this.#told(error);
      }
    }
    const key = messageKey(message);
    this.#timeline.addText(message, message.direction === 'Sent');
    this.#timeline.change(key, { isKept: false });
    this.#unkept.push({ message, confirm });
    if (this.#unkept.length > MAX_WAITING) this.#unkept.shift();
    this.#schedule();
  }

  #stored(message, confirm) {
    const isOwn = message.fromIdentity === this.#self.identity;
    this.#timeline.addText(message, isOwn);
    this.#timeline.change(messageKey(message), { isKept: true });
    confirm();
  }

  #schedule() {
    clearTimeout(this.#retrying);
    this.#retrying = setTimeout(() => this.#storeWaiting(), this.#pause * (0.5 + 0.5 * Math.random()));
    this.#pause = Math.min(2 * this.#pause, MAX_PAUSE);
  }

  async #storeWaiting() {
    clearTimeout(this.#retrying);
    if (this.#isStoring) return;
    this.#isStoring = true;
    try {
      await this.#storeAll();
    } finally {
      this.#isStoring = false;
    }
  }

  async #storeAll() {
    while (this.#unkept.length > 0) {
      const waiting = this.#unkept[0];
      try {
        const stored = await this.#history.add(waiting.message);
        if (this.#unkept[0] === waiting) this.#unkept.shift();
        this.#stored(stored, waiting.confirm);
      } catch (error) {
        this.#told(error);
        this.#schedule();
        return;
      }
    }
    this.#pause = FIRST_PAUSE;
    this.#told(undefined);
  }

  #address(sent, peer) {
    if (!sent.recipients.has(peer.identity)) sent.recipients.set(peer.identity, { name: peer.name, isConfirmed: false, sessions: new Set() });
    this.#deliver(sent, peer);
  }

  // Once on each connection.
  #deliver(sent, peer) {
    const { sessions } = sent.recipients.get(peer.identity);
    if (peer.state !== 'connected' || sessions.has(peer.session)) return;
    sessions.add(peer.session);
    peer.send(sent.wire);
  }

  #changed(sent) {
    this.#show(sent);
    if (isDone(sent)) this.#sent.delete(sent.id);
    const recipients = Array.from(sent.recipients, ([identity, { name, isConfirmed }]) => ({ identity, name, isConfirmed }));
    if (recipients.length > 0) keepDelivery({ id: sent.id, room: sent.room, wire: isDone(sent) ? null : sent.wire, recipients }).catch(() => {}); // shown all the same
  }

  #show({ id, recipients, early, isMissed }) {
    const present = new Set(this.#peers().map(peer => peer.identity));
    const shown = Array.from(recipients, ([identity, { name, isConfirmed }]) => ({ identity, name, isConfirmed, isPresent: present.has(identity) }));
    const delivery = { recipients: shown, connecting: early.size, isComplete: recipients.size > 0 && early.size === 0 && !isMissed && shown.every(r => r.isConfirmed) };
    this.#timeline.change(`${this.#self.identity}/${id}`, { delivery });
  }

  #bound() {
    while (this.#sent.size > MAX_WAITING) this.#sent.delete(this.#sent.keys().next().value);
  }
}

const isDone = ({ recipients, early }) => early.size === 0 && [...recipients.values()].every(r => r.isConfirmed);

const toMessage = ({ sentAt, receivedAt, ...rest }) => ({ ...rest, sentAt: sentAt.toISOString(), receivedAt: receivedAt.toISOString() });
