// One transfer to this page: reads the manifest, lets its user decide, says what is held already, stores block after block
// (docs/protocol.md section 4).

import { Changes } from '../common/changes.js';
import { refusePaths, shownName } from '../common/names.js';
import {
  BLOCK_SIZE, Frame, HASHES_PER_PAGE, HASH_LENGTH, HashList, MAX_UNACKNOWLEDGED, ackFrame, equalBytes, fileHash, formatHash,
  haveFrame, parseFrame, storedFrame,
} from '../common/protocol.js';
import { adoptReceived, claimReceived, findReceived, finishReceived, keyOf } from '../effects/received.js';
import { REASON_TIMEOUT } from './send-attempt.js';
import { shownSize } from '../common/units.js';

const MAX_MANIFEST = 4 * 1024 * 1024;
const MAX_ENTRIES = 10_000;

// What may wait here unread: what an honest sender has on its way at most, and as much again for what frames cost.
const MAX_QUEUED = 2 * MAX_UNACKNOWLEDGED;
const FRAME_COST = 256;

// Partial files that are open while the sender is told what they hold.
const MAX_OPEN = 256;

export const UNWANTED = 'They do not want it.';
const OUT_OF_PLACE = 'The sender broke the transfer protocol: a frame out of place.';

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
  #host;
  #frames = [];
  #queued = 0;
  #changes = new Changes();
  #answer;
  #state = 'asking';
  #isPaused = false;
  #isPausedByPeer = false;
  #files = [];
  #total = 0;
  #verified = 0;
  #transferred = 0;
  #resumed = 0;
  #block = new Uint8Array(BLOCK_SIZE);
  #replaced = new Set();
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
    channel.binaryType = 'arraybuffer';
    channel.onmessage = e => this.#enqueue(e.data);
    channel.onclose = () => setTimeout(() => this.fail('The sender closed the transfer before its end.', 'interrupted'), REASON_TIMEOUT);
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
    this.fail('You cancelled it.', 'cancelled');
  }

  pause(isPaused) {
    this.#isPaused = isPaused;
    this.peer.send({ type: isPaused ? 'pause' : 'resume', id: this.id });
    this.#changes.changed();
    this.#report();
  }

  handle(message) {
    if (message.type === 'cancel') this.fail(`The sender cancelled it: ${shownName(message.reason ?? '')}`, 'interrupted');
    if (message.type === 'pause' || message.type === 'resume') {
      this.#isPausedByPeer = message.type === 'pause';
      this.#changes.changed();
      this.#report();
    }
  }

  fail(message, state = 'failed') {
    this.#changes.fail(Object.assign(new Error(message), { state }));
  }

  run() {
    this.ended = this.#run().finally(() => {
      this.#channel.onclose = this.#channel.onmessage = null;
      this.#frames = [];
    });
    return this.ended;
  }

  async #run() {
    try {
      await this.#changes.run(() => this.#receiveAll());
      this.#set('completed');
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
      this.#set(isKept ? 'interrupted' : state === 'interrupted' ? 'failed' : state, error.shown ?? error.message);
    }
    await this.#host.settled(this.#replaced);
  }

  async #receiveAll() {
    const entries = await this.#readManifest();
    const wanted = await this.#decideOn(entries);
    this.hasClaimed = true;
    const records = this.#records = await this.#claim(entries, wanted);
    await this.#host.supersede(this);
    this.#set('checking');
    const held = await this.#openHeld(wanted, records);
    this.peer.send({ type: 'accept', id: this.id, files: wanted.length === entries.length ? null : wanted, have: held.size > 0 });
    if (held.size > 0) await this.#sendHave(held, records);
    this.#set('active');
    for (const index of wanted) await this.#receiveFile(index, records[index], held.get(index));
    this.peer.send({ type: 'done', id: this.id, files: wanted.length, bytes: this.#verified });
  }

  // What was verified is kept for another attempt, unless its user does not want it any more.
  async #release(isUnwanted) {
    const records = this.#records.filter(Boolean);
    for (const record of records) await this.#storage.close(record.file);
    if (isUnwanted) await this.#host.discard(records.filter(r => !r.isFinished).map(r => r.file));
  }

  #enqueue(data) {
    if (typeof data === 'string') {
      this.fail(OUT_OF_PLACE);
      return;
    }
    this.#queued += data.byteLength + FRAME_COST;
    if (this.#queued > MAX_QUEUED) {
      this.#frames = [];
      this.fail('The sender sends more than this side has acknowledged.');
      return;
    }
    this.#frames.push(data);
    this.#changes.changed();
  }

  async #next() {
    const limit = () => this.#isPaused || this.#isPausedByPeer ? Infinity : 60_000;
    await this.#changes.until(() => this.#frames.length > 0 && !this.#isPaused, 'No data came for 60 seconds.', limit);
    const data = this.#frames.shift();
    this.#queued -= data.byteLength + FRAME_COST;
    const frame = parseFrame(data);
    if (!frame) throw new Error(OUT_OF_PLACE);
    return frame;
  }

  async #readManifest() {
    const entries = [];
    let total = 0;
    for (let isLast = false; !isLast;) {
      const frame = await this.#next();
      if (frame.type !== Frame.MANIFEST) throw new Error("The sender's manifest cannot be read.");
      total += frame.payload.length;
      for (const entry of readPage(frame.payload)) {
        if (!isEntry(entry, entries.length)) throw new Error("The sender's manifest cannot be read.");
        entries.push({ i: entry.i, p: entry.p, s: entry.s, t: entry.t, isFolder: entry.d === true });
      }
      if (total > MAX_MANIFEST || entries.length > MAX_ENTRIES) throw rejection(`It has more files than a browser can take: at most ${MAX_ENTRIES}. Send an archive.`);
      isLast = frame.isLast;
    }
    if (entries.length === 0) throw new Error("The sender's manifest is empty.");
    const refusal = refusePaths(entries.map(e => e.p));
    if (refusal) throw rejection(`The transfer is refused: ${refusal}.`);
    return entries;
  }

  // The indices of the files to receive: those that were accepted before when it goes on, else what the user decides.
  async #decideOn(entries) {
    const keys = await Promise.all(entries.map(e => keyOf(this.identity, e.p)));
    const there = await findReceived(keys);
    this.#files = entries.map((e, i) => ({ path: e.p, length: e.isFolder ? 0 : e.s, modifiedAt: e.t, key: keys[i], isFolder: e.isFolder }));
    this.keys = new Set(keys);
    this.#total = sum(this.#files);
    const begun = there.map((records, i) => records.find(r => r.state === 'partial' && r.length === this.#files[i].length));
    const transfers = new Set(begun.filter(Boolean).map(r => r.transfer));
    let wanted;
    if (transfers.size > 0) {
      const belongs = (records, i) => begun[i] ?? records.find(r => r.length === this.#files[i].length && transfers.has(r.transfer));
      wanted = entries.map(e => e.i).filter(i => belongs(there[i], i));
      await this.#checkSpace(wanted, begun);
    } else {
      // What has no room at all is refused at once; of several files some may be chosen.
      const smallest = this.#files.reduce((least, f, i) => f.length < this.#files[least].length ? i : least, 0);
      await this.#checkSpace([smallest], begun);
      while (!wanted) wanted = await this.#ask(begun);
      await this.#storage.persist();
    }
    this.#files.forEach((f, i) => { f.isWanted = wanted.includes(i); });
    this.#total = sum(this.#files.filter(f => f.isWanted));
    return wanted;
  }

  // Undefined when what was chosen has no room: the user may choose less.
  async #ask(begun) {
    this.#set('asking', undefined);
    await this.#changes.until(() => this.#answer !== undefined, '', () => Infinity);
    const { indices } = this.#answer;
    this.#answer = undefined;
    if (indices === null || indices.length === 0) throw rejection(UNWANTED, 'You rejected it.');
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
      return { key, path, length, modifiedAt, identity: this.identity, peer: this.peer.name, transfer: this.id };
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
      if (record.present || record.before && opened++ < MAX_OPEN && (await this.#open(record)) > 0) held.set(index, new HashList());
    }
    return held;
  }

  async #open(record) {
    if (record.isOpen) return record.size;
    if (this.#changes.error) throw this.#changes.error;
    record.size = await this.#storage.open(record.file);
    record.isOpen = true;
    return record.size;
  }

  // What lies in the storage is hashed, not believed: the sender skips the blocks that are equal to its own.
  async #sendHave(held, records) {
    for (const [index, hashes] of held) {
      const { file, present, length } = records[index];
      for (let count = HASHES_PER_PAGE; count === HASHES_PER_PAGE;) {
        const first = hashes.length;
        const page = await this.#storage.hash(present?.file ?? file, first, HASHES_PER_PAGE, length);
        if (this.#changes.error) throw this.#changes.error;
        hashes.push(page);
        count = page.length / HASH_LENGTH;
        if (count > 0) this.#channel.send(haveFrame(index, first, page, false));
      }
    }
    this.#channel.send(haveFrame(0, 0, new Uint8Array(0), true));
  }

  async #receiveFile(index, record, held = new HashList()) {
    const file = this.#files[index];
    const hashes = new HashList();
    let done = 0;
    let filled = 0;
    while (true) {
      const frame = await this.#next();
      if (frame.file !== index || file.isFolder && frame.type !== Frame.END) throw new Error(OUT_OF_PLACE);
      const blockLength = file.length < 0 ? BLOCK_SIZE : Math.min(BLOCK_SIZE, file.length - done);
      const block = done / BLOCK_SIZE;
      if (frame.type === Frame.DATA && frame.offset === done + filled && Number.isInteger(block) && filled + frame.payload.length <= blockLength) {
        this.#block.set(frame.payload, filled);
        filled += frame.payload.length;
        this.#transferred += frame.payload.length;
      } else if (frame.type === Frame.HASH && frame.block === block && filled > 0 && frame.blockLength === filled && (filled === blockLength || file.length < 0)) {
        await this.#prepare(record, done);
        const { isRight, buffer } = await this.#storage.write(record.file, done, this.#block.buffer, filled, frame.hash);
        this.#block = new Uint8Array(buffer);
        if (!isRight) throw new Error('A block arrived damaged.');
        hashes.push(frame.hash);
        this.#verified += filled;
        done += filled;
        filled = 0;
        this.#channel.send(ackFrame(this.#verified));
      } else if (frame.type === Frame.HASH && frame.block === block && filled === 0 && frame.blockLength === blockLength && held.has(block, frame.hash)) {
        if (record.isOpen && record.present) await this.#storage.copy(record.present.file, record.file, done, blockLength);
        hashes.push(frame.hash);
        this.#resumed += blockLength;
        done += blockLength;
      } else if (frame.type === Frame.END && filled === 0 && frame.length === done && (file.length < 0 || done === file.length)) {
        const hash = await fileHash(done, hashes);
        if (!equalBytes(hash, frame.hash)) throw new Error('The file arrived damaged.');
        await this.#finish(file, record, done, formatHash(hash));
        this.#channel.send(storedFrame(index, true));
        return;
      } else {
        throw new Error(OUT_OF_PLACE);
      }
      if (frame.type === Frame.HASH) this.#report();
    }
  }

  // The file is there to be written, with the blocks that were held elsewhere.
  async #prepare(record, done) {
    if (record.isOpen) return;
    await this.#open(record);
    for (let at = 0; record.present && at < done; at += BLOCK_SIZE) await this.#storage.copy(record.present.file, record.file, at, Math.min(BLOCK_SIZE, done - at));
  }

  async #finish(file, record, length, hash) {
    file.hash = hash;
    file.length = length;
    if (!record) return;
    if (record.present && !record.isOpen) {
      // Identical to one that was received before: nothing was written, and its place is given back.
      file.file = record.present.file;
      this.#replaced.add(record.present.transfer);
      await adoptReceived(record.present.file, this.id);
      await this.#host.discard([record.file]);
    } else {
      await this.#open(record);
      await this.#storage.finish(record.file, length);
      record.isOpen = false;
      await finishReceived(record.file, length, file.hash);
      file.file = record.file;
    }
    record.isFinished = true;
  }

  #set(state, error) {
    this.#state = state;
    this.#report(error);
  }

  #report(error) {
    const isRunning = this.#state === 'active';
    this.#host.report({
      key: this.id, isOwn: false, peer: this.peer.name, files: this.#files, length: this.#total, before: 0, transferred: this.#transferred, resumed: this.#resumed,
      state: isRunning && (this.#isPaused || this.#isPausedByPeer) ? 'paused' : this.#state, isPaused: this.#isPaused,
      canPause: isRunning && this.peer.features.includes('pause'), error,
    });
  }
}

const sum = files => files.some(f => f.length < 0) ? -1 : files.reduce((bytes, f) => bytes + f.length, 0);

const rejection = (message, shown = message) => Object.assign(new Error(message), { state: 'rejected', shown });

function readPage(payload) {
  try {
    const page = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return Array.isArray(page) ? page : [null];
  } catch {
    return [null];
  }
}

const isEntry = (entry, index) => entry !== null && typeof entry === 'object' && entry.i === index && typeof entry.p === 'string' &&
  Number.isSafeInteger(entry.s) && entry.s >= -1 && (entry.t === undefined || Number.isSafeInteger(entry.t));
