// One transfer to this page: reads the manifest, lets its user decide, says what is held already, stores block after block
// (docs/protocol.md section 4).

import { Changes, SignsOfLife, silenceLimit } from '../common/changes.js';
import { fault, faultOfPeer, shownError } from '../common/fault.js';
import { shownName } from '../common/names.js';
import { Frame, HashList, Status, aliveFrame, storedFrame } from '../common/protocol.js';
import { shownSize } from '../common/units.js';
import { t } from '../common/words.js';
import { claimReceived, findReceived, keyOf } from '../effects/received.js';
import { FileReceiver } from './file-receiver.js';
import { FrameQueue } from './frame-queue.js';
import { sendHave } from './have.js';
import { IncomingStore } from './incoming-store.js';
import { readManifest, rejection } from './manifest.js';
import { REASON_TIMEOUT } from './send-attempt.js';

// Partial files that are open while the sender is told what they hold.
const MAX_OPEN = 256;

export const UNWANTED = 'They do not want it.';

export class Incoming {
  id;
  peer;
  identity;
  keys = new Set();
  ended;
  // Whether its files may be open.
  hasClaimed = false;
  #channel;
  #storage;
  #store;
  #host;
  #frames = new FrameQueue();
  #changes = new Changes();
  #answer;
  #state = 'asking';
  #isPaused = false;
  #isPausedByPeer = false;
  #files = [];
  #total = 0;
  #receiver;
  #replaced = new Set();
  // The silence that the sender may keep, in milliseconds, and whether nothing but the sender is waited for.
  #silence = silenceLimit(0);
  #life;
  #isListening = false;
  // By index.
  #records = [];

  // host: report(transfer), notice(text), supersede(incoming) before files are opened, discard(files), settled(transfer ids) when
  // files have gone from these transfers to this one
  constructor(id, peer, channel, storage, host) {
    this.id = id;
    this.peer = peer;
    this.identity = peer.identity;
    this.#channel = channel;
    this.#storage = storage;
    this.#host = host;
    this.#store = new IncomingStore(id, storage, this.#changes, files => host.discard(files));
    this.#receiver = new FileReceiver(channel, storage, {
      hasOutcomes: peer.features.includes('outcomes'),
      next: () => this.#next(),
      prepare: (record, done) => this.#store.prepare(record, done),
      finish: (file, record, length, hash) => this.#store.finish(file, record, length, hash),
      report: () => this.#report(),
    });
    channel.binaryType = 'arraybuffer';
    channel.onmessage = e => this.#enqueue(e.data);
    channel.onclose = () => setTimeout(() => this.failWith('sender-closed', 'interrupted'), REASON_TIMEOUT);
  }

  // Whether its user has still to decide.
  get isAsking() {
    return this.#state === 'asking';
  }

  // What the user decides: the indices of the files that are wanted, or null for none.
  decide(indices) {
    this.#answer ??= { indices };
    this.#changes.changed();
  }

  cancel() {
    this.peer.send({ type: 'cancel', id: this.id, reason: 'The receiver cancelled it.' });
    this.failWith('you-cancelled', 'cancelled');
  }

  pause(isPaused) {
    this.#isPaused = isPaused;
    this.peer.send({ type: isPaused ? 'pause' : 'resume', id: this.id });
    this.#changes.changed();
    this.#report();
  }

  handle(message) {
    if (message.type === 'cancel') this.#changes.fail(faultOfPeer('sender-cancelled', shownName(message.reason ?? ''), { state: 'interrupted' }));
    if (message.type === 'pause' || message.type === 'resume') {
      this.#isPausedByPeer = message.type === 'pause';
      this.#changes.changed();
      this.#report();
    }
  }

  fail(message, state = 'failed') {
    this.#changes.fail(Object.assign(new Error(message), { state }));
  }

  failWith(key, state, values) {
    this.#changes.fail(fault(key, values, { state }));
  }

  run() {
    // Asking its user, hashing and storing may take longer than a sender waits in silence.
    this.#life = this.peer.features.includes('alive') ? new SignsOfLife(() => this.#sayAlive(), () => this.#silence) : undefined;
    this.ended = this.#run().finally(() => {
      this.#life?.stop();
      this.#channel.onclose = this.#channel.onmessage = null;
      this.#frames.clear();
    });
    return this.ended;
  }

  #sayAlive() {
    if (!this.#isListening && this.#channel.readyState === 'open') this.#channel.send(aliveFrame());
  }

  async #run() {
    try {
      await this.#changes.run(() => this.#receiveAll());
      this.#conclude();
      // The sender closes the channel when it has seen the last confirmation: closing first could overtake it.
    } catch (error) {
      this.#changes.fail(error);
      const state = error.state ?? 'failed';
      if (state === 'rejected') this.peer.send({ type: 'reject', id: this.id, reason: error.message });
      else if (state === 'failed') this.peer.send({ type: 'cancel', id: this.id, reason: error.message });
      // The reason goes over another channel and must not be overtaken by the end of this one.
      setTimeout(() => this.#channel.close(), REASON_TIMEOUT);
      await this.#release(state === 'cancelled');
      const isKept = this.#records.length > 0 && ['failed', 'interrupted'].includes(state);
      this.#set(isKept ? 'interrupted' : state === 'interrupted' ? 'failed' : state, shownError(error));
    }
    await this.#host.settled(this.#replaced);
  }

  async #receiveAll() {
    const entries = await readManifest(() => this.#next(), this.peer.features.includes('outcomes'));
    const wanted = await this.#decideOn(entries);
    this.hasClaimed = true;
    const records = this.#records = await this.#claim(entries, wanted);
    await this.#host.supersede(this);
    await this.#host.settled(this.#replaced);
    this.#set('checking');
    const held = await this.#openHeld(wanted, records);
    this.peer.send({ type: 'accept', id: this.id, files: wanted.length === entries.length ? null : wanted, have: held.size > 0 });
    for (const { i, refusal } of entries) if (refusal) this.#channel.send(storedFrame(i, Status.FAILED, refusal));
    if (held.size > 0) await sendHave(this.#channel, this.#storage, held, records, this.#changes);
    this.#set('active');
    for (const index of wanted) await this.#receiver.receive(index, this.#files[index], records[index], held.get(index));
    this.peer.send({ type: 'done', id: this.id, files: wanted.filter(i => !this.#files[i].error).length, bytes: this.#receiver.verified });
  }

  // What did not come has its own reason; the rest is here.
  #conclude() {
    const failed = this.#files.filter(f => f.error);
    const reason = failed.length < 2 ? failed[0]?.error : `${failed.length} of ${this.#files.length} files are not here. The first: ${failed[0].error}`;
    this.#set(this.#files.some(f => f.isWanted && !f.error) ? 'completed' : 'failed', reason);
  }

  // What was verified is kept for another attempt, unless its user does not want it any more.
  async #release(isUnwanted) {
    const records = this.#records.filter(Boolean);
    for (const record of records) await this.#storage.close(record.file);
    if (isUnwanted) await this.#host.discard(records.filter(r => !r.isFinished).map(r => r.file));
  }

  #enqueue(data) {
    const refusal = this.#frames.push(data);
    if (refusal) this.fail(refusal);
    else this.#changes.changed();
  }

  async #next() {
    while (true) {
      const limit = () => this.#isPaused || this.#isPausedByPeer ? Infinity : this.#silence;
      this.#isListening = true;
      await this.#changes.until(() => this.#frames.length > 0 && !this.#isPaused, `No data came for ${this.#silence / 1000} seconds.`, limit);
      this.#isListening = false;
      const frame = this.#frames.shift();
      if (frame.type !== Frame.ALIVE) return frame;
      if (frame.seconds > 0) this.#agreeOn(frame.seconds);
    }
  }

  #agreeOn(seconds) {
    this.#silence = silenceLimit(seconds);
    this.#life?.hurry();
  }

  // The indices of the files to receive: those that were accepted before when it goes on, else what the user decides.
  async #decideOn(entries) {
    const keys = await Promise.all(entries.map(e => keyOf(this.identity, e.p, e.k)));
    const there = await findReceived(keys);
    this.#files = entries.map((e, i) => ({ path: e.p, length: e.isFolder ? 0 : e.s, modifiedAt: e.t, key: keys[i], isFolder: e.isFolder, error: e.refusal }));
    this.keys = new Set(keys);
    this.#total = sum(this.#files);
    const begun = there.map((records, i) => records.find(r => r.state === 'partial' && r.length === this.#files[i].length));
    const transfers = new Set(begun.filter(Boolean).map(r => r.transfer));
    let wanted;
    if (transfers.size > 0) {
      const belongs = (records, i) => begun[i] ?? records.find(r => r.length === this.#files[i].length && transfers.has(r.transfer));
      wanted = entries.map(e => e.i).filter(i => belongs(there[i], i) && !this.#files[i].error);
      await this.#checkSpace(wanted, begun);
    } else {
      // What has no room at all is refused at once; of several files some may be chosen.
      const smallest = this.#files.reduce((least, f, i) => f.length < this.#files[least].length ? i : least, 0);
      await this.#checkSpace([smallest], begun);
      while (!wanted) wanted = await this.#ask(begun);
      // A browser may ask its user for it: nothing waits for the answer.
      this.#storage.persist().catch(() => {});
    }
    this.#files.forEach((f, i) => { f.isWanted = wanted.includes(i); });
    this.#total = sum(this.#files.filter(f => f.isWanted));
    return wanted;
  }

  // Undefined when what was chosen has no room: the user may choose less.
  async #ask(begun) {
    this.#set('asking', undefined);
    await this.#changes.until(() => this.#answer !== undefined, '', () => Infinity);
    const indices = this.#answer.indices?.filter(i => !this.#files[i].error) ?? [];
    this.#answer = undefined;
    if (indices.length === 0) throw rejection(UNWANTED, t('you-rejected'));
    try {
      await this.#checkSpace(indices, begun);
      return indices;
    } catch (error) {
      if (this.#files.length === 1) throw error;
      this.#host.notice(error.message);
      return undefined;
    }
  }

  async #checkSpace(indices, begun) {
    let needed = 0;
    for (const i of indices) {
      // What lies there already needs no room again.
      const held = begun[i] ? (await this.#storage.file(begun[i].file))?.size ?? 0 : 0;
      needed += Math.max(0, this.#files[i].length - held);
    }
    const refusal = await this.#storage.refuse(needed);
    if (refusal) throw rejection(`It needs ${shownSize(needed)}, and this browser may store ${refusal}.`);
  }

  // Records by index; folders have none.
  async #claim(entries, wanted) {
    const files = wanted.filter(i => !this.#files[i].isFolder);
    const claimed = await claimReceived(files.map(i => {
      const { key, path, length, modifiedAt } = this.#files[i];
      return { key, path, length, modifiedAt, identity: this.identity, peer: this.peer.name, transfer: this.id, room: this.#host.room };
    }));
    const records = new Array(entries.length);
    files.forEach((index, i) => { records[index] = claimed[i]; });
    for (const { before } of claimed) if (before) this.#replaced.add(before);
    return records;
  }

  // The files that hold something already, each with the hashes of its blocks to be: index -> HashList.
  async #openHeld(wanted, records) {
    const held = new Map();
    let opened = 0;
    for (const index of wanted) {
      const record = records[index];
      if (!record || record.length <= 0) continue;
      if (record.present || record.before && opened++ < MAX_OPEN && (await this.#store.open(record)) > 0) held.set(index, new HashList());
    }
    return held;
  }

  #set(state, error) {
    this.#state = state;
    this.#report(error);
  }

  #report(error) {
    const isRunning = this.#state === 'active';
    this.#host.report({
      key: this.id, isOwn: false, peer: this.peer.name, identity: this.identity, files: this.#files, length: this.#total, before: 0, transferred: this.#receiver.transferred, resumed: this.#receiver.resumed,
      state: isRunning && (this.#isPaused || this.#isPausedByPeer) ? 'paused' : this.#state, isPaused: this.#isPaused,
      canPause: isRunning && this.peer.features.includes('pause'), error,
    });
  }
}

const sum = files => files.some(f => f.length < 0) ? -1 : files.reduce((bytes, f) => bytes + f.length, 0);

