// All transfers of the page: those that run, those that wait for somebody or for a file, and what was received. Which message is
// for which.

import { Incoming, UNWANTED } from './incoming.js';
import { Outgoing } from './outgoing.js';
import { isUuid } from '../common/protocol.js';
import { allReceived, removeReceived } from '../effects/received.js';
import { LABEL, REASON_TIMEOUT } from './send-attempt.js';
import { forgetSource, fromFile, match, rememberSource, reopen, sourcesOf } from '../effects/sources.js';
import { Storage } from '../effects/storage.js';

// Transfers that one peer may have under way to this page; the next is refused.
const MAX_INCOMING_PER_PEER = 16;

export class Transfers {
  #room;
  #view;
  #storage = new Storage();
  #incoming = new Map();
  #outgoing = new Map();
  // What waits for its file to be chosen again: key -> record.
  #unopened = new Map();
  // Identities whose offers are rejected without a question.
  #refused = new Set();

  // room: name, peers(). view: transfer(transfer), removed(key), notice(text). A transfer: key, isOwn, peer, state, error, files
  // [{path, length, hash, isWanted, file}], length, before, transferred, resumed, isPaused, canPause
  constructor(room, view) {
    this.#room = room;
    this.#view = view;
  }

  get acceptsFiles() {
    return Storage.isSupported;
  }

  // Whether closing the page would interrupt something that it could take up again.
  get isBusy() {
    return this.#incoming.size > 0 || this.#outgoing.size > 0;
  }

  // Shows what earlier pages left: received files, incomplete ones, files that were being sent.
  async restore() {
    if (!Storage.isSupported) return;
    // First the files, then the list: a file is on the list before it is made.
    const files = await this.#storage.list();
    const records = await allReceived();
    const known = new Set(records.map(r => r.file));
    for (const file of files.filter(f => !known.has(f))) await this.#storage.remove(file).catch(() => {});
    for (const id of new Set(records.map(r => r.transfer))) await this.#showKept(id, records.filter(r => r.transfer === id));
    for (const record of await sourcesOf(this.#room.name)) {
      const opened = await reopen(record.files, false).catch(() => null);
      if (opened) this.#continue(record, opened);
      else this.#showUnopened(record);
    }
  }

  send(peer, sources) {
    const outgoing = new Outgoing(peer, sources.map(source => ({ ...source })), this.#outgoingHost());
    rememberSource({ key: outgoing.key, room: this.#room.name, identity: peer.identity, peer: peer.name, files: sources })
      .catch(error => this.#view.notice(error.message));
    this.#run(outgoing);
  }

  // A channel that a peer has opened. False when it is no transfer.
  receive(peer, channel) {
    const id = channel.label.slice(LABEL.length);
    if (!channel.label.startsWith(LABEL) || !isUuid(id) || this.#incoming.has(id) || !peer.instance) return false;
    const refusal = this.#refuse(peer);
    if (refusal) {
      peer.send({ type: 'reject', id, reason: refusal });
      // The reason goes over another channel and must not be overtaken by the end of this one.
      setTimeout(() => channel.close(), REASON_TIMEOUT);
      return true;
    }
    const incoming = new Incoming(id, peer, channel, this.#storage, {
      report: transfer => this.#view.transfer(transfer),
      notice: text => this.#view.notice(text),
      supersede: newer => this.#supersede(newer),
      discard: files => this.#discard(files),
      settled: ids => this.#settle(ids),
    });
    this.#incoming.set(id, incoming);
    incoming.run().finally(() => this.#incoming.delete(id));
    return true;
  }

  // Why a transfer is not even looked at; undefined when it is.
  #refuse(peer) {
    if (!Storage.isSupported) return 'This browser has no private file system.';
    if (this.#refused.has(peer.identity)) return UNWANTED;
    return [...this.#incoming.values()].filter(i => i.peer === peer).length >= MAX_INCOMING_PER_PEER ? 'Too many transfers at once.' : undefined;
  }

  handle(peer, message) {
    const incoming = this.#incoming.get(message.id);
    if (incoming?.peer === peer) incoming.handle(message);
    for (const { attempt } of this.#outgoing.values()) {
      if (attempt?.peer === peer && attempt.id === message.id) attempt.handle(message);
    }
  }

  // A peer has connected (again).
  peerReady() {
    for (const outgoing of this.#outgoing.values()) outgoing.peerReady();
  }

  // The connection to a peer is gone for good.
  peerLost(peer) {
    for (const incoming of this.#incoming.values()) if (incoming.peer === peer) incoming.fail('The connection to the sender was lost. It goes on when they send again.', 'interrupted');
    for (const { attempt } of this.#outgoing.values()) if (attempt?.peer === peer) attempt.connectionLost();
  }

  // What the user does, by the key of a transfer.

  decide(key, indices) {
    this.#incoming.get(key)?.decide(indices);
  }

  rejectAll() {
    for (const incoming of this.#incoming.values()) if (incoming.isAsking) incoming.decide(null);
  }

  // Whether files of an identity are rejected without a question.
  isRefused(identity) {
    return this.#refused.has(identity);
  }

  setRefused(identity, isRefused) {
    if (isRefused) this.#refused.add(identity);
    else this.#refused.delete(identity);
    for (const incoming of this.#incoming.values()) if (isRefused && incoming.identity === identity && incoming.isAsking) incoming.decide(null);
  }

  cancel(key) {
    this.#incoming.get(key)?.cancel();
    this.#outgoing.get(key)?.cancel();
  }

  pause(key, isPaused) {
    (this.#incoming.get(key) ?? this.#outgoing.get(key))?.pause(isPaused);
  }

  // Goes on with the files of a transfer, chosen again, or by their handles if none are.
  async again(key, chosen) {
    const record = this.#unopened.get(key);
    if (!record) return;
    const opened = chosen ? match(record.files, chosen.map(file => fromFile(file))) : await reopen(record.files, true);
    const missing = opened?.findIndex(source => !source) ?? 0;
    if (!opened) this.#view.notice('The browser did not allow it. Choose the files again.');
    else if (missing >= 0) throw new Error(`Choose '${record.files[missing].path}' too: all files of the transfer at once.`);
    else this.#continue(record, opened);
  }

  // Removes a transfer that has ended from the list, and what was received by it.
  async remove(key) {
    if (this.#incoming.has(key) || this.#outgoing.has(key)) return;
    this.#unopened.delete(key);
    await forgetSource(key);
    await this.#discard((await allReceived()).filter(r => r.transfer === key).map(r => r.file));
    this.#view.removed(key);
  }

  // The content of a received file, on disk.
  content(file) {
    return this.#storage.file(file);
  }

  #outgoingHost() {
    return {
      find: identity => this.#room.peers().find(p => p.identity === identity && p.state === 'connected' && p.acceptsFiles),
      report: transfer => this.#view.transfer(transfer),
      settle: (outgoing, state) => this.#settleSource(outgoing, state),
    };
  }

  #continue(record, files) {
    this.#unopened.delete(record.key);
    const outgoing = new Outgoing({ identity: record.identity, name: record.peer }, files, this.#outgoingHost(), record.key);
    rememberSource({ ...record, files }).catch(error => this.#view.notice(error.message));
    this.#run(outgoing);
  }

  #run(outgoing) {
    this.#outgoing.set(outgoing.key, outgoing);
    outgoing.run();
  }

  // What failed can be sent again; what was refused or cancelled is over.
  async #settleSource({ key, identity, peerName: peer, files }, state) {
    if (state === 'failed' || state === 'needs-file') this.#unopened.set(key, { key, room: this.#room.name, identity, peer, files: files.filter(f => f.state !== 'completed' && f.state !== 'rejected') });
    else await forgetSource(key).catch(error => this.#view.notice(error.message));
    this.#outgoing.delete(key);
  }

  #showUnopened(record) {
    this.#unopened.set(record.key, record);
    const { key, peer, files } = record;
    this.#view.transfer({
      key, isOwn: true, peer, state: 'needs-file', files: files.map(f => ({ path: f.path, length: f.size, isWanted: true })),
      length: files.reduce((bytes, f) => bytes + f.size, 0), before: 0, transferred: 0, resumed: 0,
      hasHandles: files.every(f => f.handle), error: 'It was interrupted.',
    });
  }

  // The sender sends again before this side has noticed that the older transfer is dead: that one has the file open.
  async #supersede(newer) {
    const older = [...this.#incoming.values()].filter(i => i !== newer && i.identity === newer.identity && i.hasClaimed && !i.keys.isDisjointFrom(newer.keys));
    for (const incoming of older) {
      incoming.fail('The same file is sent again.', 'interrupted');
      await incoming.ended;
    }
  }

  async #discard(files) {
    await removeReceived(files);
    for (const file of files) await this.#storage.remove(file).catch(error => this.#view.notice(error.message));
  }

  // Files have gone from these transfers to another.
  async #settle(ids) {
    if (ids.size === 0) return;
    const records = await allReceived();
    for (const id of ids) await this.#showKept(id, records.filter(r => r.transfer === id));
  }

  async #showKept(id, records) {
    if (this.#incoming.has(id)) return;
    if (records.length === 0) {
      this.#view.removed(id);
      return;
    }
    const partial = records.filter(r => r.state === 'partial');
    let held = 0;
    for (const record of partial) held += (await this.#storage.file(record.file))?.size ?? 0;
    const length = records.some(r => r.length < 0) ? -1 : records.reduce((bytes, r) => bytes + r.length, 0);
    const before = records.filter(r => r.state === 'finished').reduce((bytes, r) => bytes + r.length, held);
    this.#view.transfer({
      key: id, isOwn: false, peer: records[0].peer, length, before, transferred: 0, resumed: 0,
      files: records.map(r => ({ path: r.path, length: r.length, hash: r.hash, isWanted: true, file: r.state === 'finished' ? r.file : undefined })),
      state: partial.length === 0 ? 'completed' : 'interrupted',
      error: partial.length === 0 ? undefined : 'It goes on when it is sent again.',
    });
  }
}
