// What has happened in a room, in the order in which it came here: texts, files, and what there is to say about people.
//
// An item: key, kind ('text', 'file', 'notice'), at (milliseconds). A text: message, isOwn, isKept, isRestored (it came from the
// history), delivery. A file: transfers, one for each receiver of what was sent together. A notice: text.

import { Emitter } from '../common/emitter.js';

const MAX_NOTICES = 100;

// Ended transfers to this page of which nothing is kept; older ones leave, since a peer could fill the timeline otherwise.
const MAX_IDLE = 20;
const IDLE = ['failed', 'rejected', 'cancelled'];

export const messageKey = message => `${message.fromIdentity}/${message.id}`;

export class Timeline extends Emitter {
  items = [];
  #byKey = new Map();
  #notices = [];
  #idle = new Set();
  #next = 0;

  // Events: added(item), changed(item), removed(item), reset().

  get(key) {
    return this.#byKey.get(key);
  }

  // Texts from the history, and cards: put where they belong by time. They come before what is there already.
  restore(items) {
    const older = items.filter(item => !this.#byKey.has(item.key));
    for (const item of older) this.#byKey.set(item.key, item);
    this.items = [...older, ...this.items].sort((a, b) => a.at - b.at);
    this.emit('reset');
  }

  // The first text under a key stays.
  addText(message, isOwn, isKept = true) {
    const key = messageKey(message);
    const there = this.#byKey.get(key);
    if (there) return there;
    return this.#add({ key, kind: 'text', at: Date.parse(message.receivedAt), message, isOwn, isKept });
  }

  change(key, changes) {
    const item = this.#byKey.get(key);
    if (!item) return;
    Object.assign(item, changes);
    this.emit('changed', item);
  }

  addNotice(text, kind = '') {
    this.#notices.push(this.#add({ key: `notice ${this.#next++}`, kind: 'notice', at: Date.now(), text, tone: kind }).key);
    if (this.#notices.length > MAX_NOTICES) this.remove(this.#notices.shift());
  }

  // at: for what is older than now.
  putTransfer(transfer, at = Date.now()) {
    const key = transfer.group ?? transfer.key;
    const item = this.#byKey.get(key);
    if (!item) {
      this.#add({ key, kind: 'file', at, transfers: new Map([[transfer.key, transfer]]) });
    } else {
      item.transfers.set(transfer.key, transfer);
      this.emit('changed', item);
    }
    if (transfer.isOwn || !IDLE.includes(transfer.state)) return;
    this.#idle.add(key);
    for (const old of [...this.#idle].slice(0, -MAX_IDLE)) this.remove(old);
  }

  removeTransfer(key) {
    for (const item of this.items) {
      if (item.kind !== 'file' || !item.transfers.delete(key)) continue;
      if (item.transfers.size === 0) this.remove(item.key);
      else this.emit('changed', item);
      return;
    }
  }

  remove(key) {
    const item = this.#byKey.get(key);
    this.#idle.delete(key);
    if (!item) return;
    this.#byKey.delete(key);
    this.items.splice(this.items.indexOf(item), 1);
    this.emit('removed', item);
  }

  #add(item) {
    this.#byKey.set(item.key, item);
    const last = this.items.at(-1);
    if (!last || last.at <= item.at) this.items.push(item);
    else this.items.splice(this.items.findLastIndex(other => other.at <= item.at) + 1, 0, item);
    this.emit('added', item);
    return item;
  }
}
