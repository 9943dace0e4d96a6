// All transfers of the page: those that run, those that wait for somebody or for a file, and what was received. Which message is
// for which.

import { fault } from '../common/fault.js';
import { shownName } from '../common/names.js';
import { isUuid, newUuid } from '../common/protocol.js';
import { t } from '../common/words.js';
import { allReceived, leaveReceived, removeReceived, transfersOf } from '../effects/received.js';
import { forgetSource, fromFile, match, rememberSource, reopen, sourcesOf } from '../effects/sources.js';
import { Storage } from '../effects/storage.js';
import { Incoming, UNWANTED } from './incoming.js';
import { Outgoing } from './outgoing.js';
import { LABEL, REASON_TIMEOUT } from './send-attempt.js';
import { SentCards } from './sent-cards.js';

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
  // Devices that have had their answer: `${group} ${instance}`.
  #served = new Set();
  // Identities whose offers are rejected without a question.
  #refused = new Set();

  #sent;

  // room: name, peers(). view: transfer(transfer, at), removed(key), notice(text). A transfer: key, group (of what was sent
  // together), isOwn, peer, identity, state, error, files [{path, length, hash, isWanted, file}], length, before, transferred,
  // resumed, isPaused, canPause
  constructor(room, view) {
    this.#room = room;
    this.#view = view;
    this.#sent = new SentCards(room.name ?? '', view);
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
    const shown = records.filter(r => r.room === undefined || this.#room.name === undefined || r.room === this.#room.name);
    for (const id of new Set(shown.flatMap(transfersOf))) await this.#showKept(id, shown);
    await this.#sent.restore();
    for (const record of await sourcesOf(this.#room.name ?? '')) {
      const opened = await reopen(record.files, false).catch(() => null);
      if (opened) this.#continue(record, opened);
      else this.#showUnopened(record);
    }
  }

  // To each of the peers.
  send(peers, sources) {
    const group = newUuid();
    for (const peer of peers) {
      const outgoing = new Outgoing(peer, sources.map(source => ({ ...source })), this.#outgoingHost(), group);
      const { identity, instance, name } = peer;
      rememberSource({ key: outgoing.key, group, room: this.#room.name, identity, instance, peer: name, files: sources })
        .catch(error => this.#view.notice(error.message));
      this.#run(outgoing);
    }
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
      room: this.#room.name,
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
    for (const incoming of this.#incoming.values()) if (incoming.peer === peer) incoming.failWith('sender-lost', 'interrupted');
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
    if (!opened) this.#view.notice(t('not-allowed'));
    else if (missing >= 0) throw fault('choose-too', { path: shownName(record.files[missing].path) });
    else this.#continue(record, opened);
  }

  // Removes a transfer that has ended from the list, and what was received by it.
  async remove(key) {
    if (this.#incoming.has(key) || this.#outgoing.has(key)) return;
    this.#unopened.delete(key);
    await forgetSource(key);
    await this.#sent.forget(key);
    const records = (await allReceived()).filter(r => transfersOf(r).includes(key));
    await leaveReceived(records.filter(r => transfersOf(r).length > 1).map(r => r.file), key);
    await this.#discard(records.filter(r => transfersOf(r).length === 1).map(r => r.file));
    this.#view.removed(key);
  }

  // The content of a received file, on disk.
  content(file) {
    return this.#storage.file(file);
  }

  #outgoingHost() {
    return {
      find: outgoing => this.#receiverOf(outgoing),
      report: transfer => this.#sent.show(transfer),
      settle: (outgoing, state) => this.#settleSource(outgoing, state),
    };
  }

  // The device that it was for, else another of the same identity that is not sent to by itself.
  #receiverOf({ identity, instance, group }) {
    const there = this.#room.peers().filter(p => p.identity === identity && p.state === 'connected' && p.acceptsFiles);
    const others = [...this.#outgoing.values()].filter(o => o.group === group && o.identity === identity).map(o => o.instance);
    return there.find(p => p.instance === instance) ?? there.find(p => !others.includes(p.instance) && !this.#served.has(`${group} ${p.instance}`));
  }

  #continue(record, files) {
    this.#unopened.delete(record.key);
    const receiver = { identity: record.identity, instance: record.instance, name: record.peer };
    const outgoing = new Outgoing(receiver, files, this.#outgoingHost(), record.group ?? record.key, record.key);
    rememberSource({ ...record, files }).catch(error => this.#view.notice(error.message));
    this.#run(outgoing);
  }

  #run(outgoing) {
    this.#outgoing.set(outgoing.key, outgoing);
    outgoing.run();
  }

  // What failed can be sent again; what was refused or cancelled is over.
  async #settleSource({ key, group, identity, instance, peerName: peer, files }, state) {
    this.#served.add(`${group} ${instance}`);
    if (state === 'failed' || state === 'needs-file') this.#unopened.set(key, { key, group, room: this.#room.name, identity, instance, peer, files: files.filter(f => f.state !== 'completed' && f.state !== 'rejected') });
    else await forgetSource(key).catch(error => this.#view.notice(error.message));
    this.#outgoing.delete(key);
  }

  #showUnopened(record) {
    this.#unopened.set(record.key, record);
    const { key, group, identity, peer, files } = record;
    this.#view.transfer({
      key, group: group ?? key, isOwn: true, peer, identity, state: 'needs-file', files: files.map(f => ({ path: f.path, length: f.size, isWanted: true })),
      length: files.reduce((bytes, f) => bytes + f.size, 0), before: 0, transferred: 0, resumed: 0,
      hasHandles: files.every(f => f.handle), error: t('was-interrupted'),
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
    for (const id of ids) await this.#showKept(id, records);
  }

  async #showKept(id, all) {
    if (this.#incoming.has(id)) return;
    const records = all.filter(r => transfersOf(r).includes(id));
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
      key: id, isOwn: false, peer: records[0].peer, identity: records[0].identity, length, before, transferred: 0, resumed: 0,
      files: records.map(r => ({ path: r.path, length: r.length, hash: r.hash, isWanted: true, file: r.state === 'finished' ? r.file : undefined })),
      state: partial.length === 0 ? 'completed' : 'interrupted',
      error: partial.length === 0 ? undefined : t('goes-on'),
    }, Math.min(...records.map(r => r.at)));
  }
}
