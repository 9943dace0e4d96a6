// One attempt to send files to a peer over a channel of its own (docs/protocol.md section 4). What was stored by its end, and
// whether it ended because the connection did, its owner reads from it.

import { Changes, SignsOfLife, silenceLimit } from '../common/changes.js';
import { fault, faultOfPeer, shownError } from '../common/fault.js';
import { shownName } from '../common/names.js';
import {
  BLOCK_SIZE, Frame, HASH_LENGTH, HashList, MAX_UNACKNOWLEDGED, Status, aliveFrame, blockHash, dataFrame, endFrame, fileHash, formatHash,
  hashFrame, manifestFrames, newUuid, parseFrame, skipFrame,
} from '../common/protocol.js';

export const LABEL = 'file:';
const SEND_BUFFER = 1024 * 1024;
const ANSWER_TIMEOUT = 10 * 60_000;
// How long a channel stays open so that the reason of its end, which goes over another one, is not overtaken.
export const REASON_TIMEOUT = 1000;

export class SendAttempt {
  id = newUuid();
  peer;
  transferred = 0;
  resumed = 0;
  // By index: undefined unknown, true stored, false not.
  stored = [];
  hashes = [];
  // Why files are not stored, by index: {state, message}.
  failures = [];
  accepted;
  isConnectionLost = false;
  isPausedByPeer = false;
  #files;
  #changed;
  #channel;
  #changes = new Changes();
  #answer;
  #acknowledged = 0;
  #sent = 0;
  #hasSent = new Set();
  // The silence that the receiver may keep, in milliseconds, and whether a source is being read.
  #silence = silenceLimit(0);
  #life;
  #isReading = false;
  #have = new Map();
  #hasAllHave = false;
  #isPaused = false;
  #frame = new ArrayBuffer(64 * 1024);

  // files: [{path, size, lastModified, file}]. changed(state) is called when there is something new to show.
  constructor(peer, files, changed) {
    this.peer = peer;
    this.#files = files;
    this.#changed = changed;
  }

  handle(message) {
    if (message.type === 'accept') this.#answer ??= message;
    else if (message.type === 'reject') this.#failOf('receiver-rejected', message, 'rejected');
    else if (message.type === 'cancel') this.#failOf('receiver-gave-up', message, 'failed');
    else if (message.type === 'pause' || message.type === 'resume') {
      this.isPausedByPeer = message.type === 'pause';
      this.#changed();
    }
    this.#changes.changed();
  }

  pause(isPaused) {
    this.#isPaused = isPaused;
    this.peer.send({ type: isPaused ? 'pause' : 'resume', id: this.id });
    this.#changes.changed();
  }

  // The first reason counts.
  #failOf(key, { reason = '' }, state) {
    this.#changes.fail(faultOfPeer(key, shownName(reason), { state, isPeers: true }));
  }

  #failWith(key, state, values) {
    this.#changes.fail(fault(key, values, { state, isPeers: true }));
  }

  cancel() {
    this.peer.send({ type: 'cancel', id: this.id, reason: 'The sender cancelled it.' });
    this.#failWith('you-cancelled', 'cancelled');
  }

  connectionLost() {
    this.#failWith('receiver-lost', 'waiting');
  }

  // Throws when it does not end well: error.state says how.
  async run() {
    this.#life = this.peer.features.includes('alive') ? new SignsOfLife(() => this.#sayAlive(), () => this.#silence) : undefined;
    try {
      await this.#changes.run(async () => {
        await this.#offer();
        await this.#sendAll();
        await this.#until(() => this.accepted.every(i => this.stored[i] !== undefined), 'The receiver did not confirm the files in time.');
      });
    } catch (error) {
      this.#changes.fail(error);
      if (!error.isPeers) this.peer.send({ type: 'cancel', id: this.id, reason: error.message });
      this.#end(REASON_TIMEOUT);
      throw error;
    } finally {
      this.#life?.stop();
    }
    this.#end(0);
  }

  #sayAlive() {
    if (this.#isReading && this.#channel?.readyState === 'open') this.#channel.send(aliveFrame());
  }

  // A reason goes over another channel and must not be overtaken by the end of this one.
  #end(delay) {
    const channel = this.#channel;
    if (!channel) return;
    channel.onclose = channel.onmessage = null;
    if (delay === 0) channel.close();
    else setTimeout(() => channel.close(), delay);
  }

  async #offer() {
    const channel = this.#channel = this.peer.openChannel(LABEL + this.id);
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = SEND_BUFFER / 2;
    channel.onopen = channel.onbufferedamountlow = () => this.#changes.changed();
    // Why the channel was closed may still be on its way over the control channel.
    channel.onclose = () => setTimeout(() => this.connectionLost(), REASON_TIMEOUT);
    channel.onmessage = e => this.#receive(e.data);
    await this.#until(() => channel.readyState === 'open', 'The channel did not open.');
    const total = this.#files.reduce((bytes, f) => bytes + f.size, 0);
    this.peer.send({ type: 'transfer', id: this.id, count: this.#files.length, total, name: this.#files[0].path });
    for (const frame of manifestFrames(this.#files.map((f, i) => ({ i, p: f.path, s: f.size, t: f.lastModified })))) await this.#send(frame);
    await this.#changes.until(() => this.#answer !== undefined, 'The receiver did not answer the offer.', () => ANSWER_TIMEOUT);
    const indices = Array.isArray(this.#answer.files) ? this.#answer.files : this.#files.map((_, i) => i);
    this.accepted = [...new Set(indices)].filter(i => Number.isInteger(i) && i >= 0 && i < this.#files.length).sort((a, b) => a - b);
    if (this.#answer.have) await this.#until(() => this.#hasAllHave, 'The receiver did not say in time what it holds.');
  }

  async #sendAll() {
    const payload = Math.min(this.peer.features.includes('frame64k') ? 64 * 1024 : 16 * 1024, this.peer.maxMessageSize) - 16;
    for (const index of this.accepted) {
      try {
        await this.#sendFile(index, payload);
      } catch (error) {
        // A file that cannot be read is told; the others go on.
        if (error.state !== 'needs-file' || !this.peer.features.includes('outcomes')) throw error;
        await this.#send(skipFrame(index, error.message));
        this.#noteFailure(index, error.state, shownError(error));
      }
    }
  }

  #noteFailure(index, state, message) {
    if (this.stored[index] !== undefined) return;
    this.stored[index] = false;
    this.failures[index] = { state, message };
  }

  // The next block is read while the present one is sent.
  async #sendFile(index, payload) {
    const { size } = this.#files[index];
    const have = this.#have.get(index) ?? new HashList();
    const hashes = new HashList();
    let reading = this.#read(index, 0);
    for (let start = 0; start < size; start += BLOCK_SIZE) {
      this.#isReading = true;
      const { block, hash } = await reading.finally(() => { this.#isReading = false; });
      // The receiver cannot keep it.
      if (this.stored[index] === false && this.peer.features.includes('outcomes')) return this.#send(skipFrame(index, 'It is not wanted any more.'));
      if (start + BLOCK_SIZE < size) reading = this.#read(index, start + BLOCK_SIZE);
      const number = start / BLOCK_SIZE;
      hashes.push(hash);
      if (have.has(number, hash)) {
        this.resumed += block.length;
      } else {
        await this.#until(() => !this.#isPaused && !this.isPausedByPeer && this.#sent + block.length - this.#acknowledged <= MAX_UNACKNOWLEDGED, `The receiver has acknowledged nothing for ${this.#silence / 1000} seconds.`);
        for (let offset = 0; offset < block.length; offset += payload) {
          const part = block.subarray(offset, Math.min(offset + payload, block.length));
          this.#sent += part.length;
          await this.#send(dataFrame(index, start + offset, part, this.#frame));
          this.transferred += part.length;
        }
      }
      await this.#send(hashFrame(index, number, block.length, hash));
      this.#changed('active');
    }
    const hash = await fileHash(size, hashes);
    this.hashes[index] = formatHash(hash);
    this.#hasSent.add(index);
    await this.#send(endFrame(index, size, hash));
    return undefined;
  }

  #read(index, start) {
    const { path, size, file } = this.#files[index];
    const reading = (async () => {
      const unreadable = key => fault(key, { path: shownName(path) }, { state: 'needs-file' });
      const length = Math.max(0, Math.min(BLOCK_SIZE, size - start));
      let block;
      try {
        block = new Uint8Array(await file.slice(start, start + length).arrayBuffer());
      } catch {
        throw unreadable('source-gone');
      }
      if (block.length !== length) throw unreadable('source-shorter');
      return { block, hash: await blockHash(block) };
    })();
    // Thrown where it is awaited; the transfer may end before that.
    reading.catch(() => {});
    return reading;
  }

  async #send(bytes) {
    await this.#until(() => this.#channel.bufferedAmount < SEND_BUFFER, `Nothing could be sent for ${this.#silence / 1000} seconds.`);
    this.#channel.send(bytes);
  }

  #until(condition, onTimeout) {
    return this.#changes.until(condition, onTimeout, () => this.#isPaused || this.isPausedByPeer ? Infinity : this.#silence);
  }

  #receive(data) {
    const frame = typeof data === 'string' ? null : parseFrame(data);
    if (frame?.type === Frame.ACK && frame.acknowledged >= this.#acknowledged && frame.acknowledged <= this.#sent) this.#acknowledged = frame.acknowledged;
    else if (frame?.type === Frame.ALIVE) this.#agreeOn(frame.seconds);
    else if (frame?.type === Frame.HAVE && this.#addHave(frame)) this.#hasAllHave = frame.isLast;
    else if (frame?.type !== Frame.STORED || !this.#noteOutcome(frame)) this.#changes.fail(new Error('The receiver broke the transfer protocol.'));
    this.#changes.changed();
    this.#changed();
  }

  // 0: it asks for none.
  #agreeOn(seconds) {
    if (seconds === 0) return;
    this.#silence = silenceLimit(seconds);
    this.#life?.hurry();
  }

  // False when it is out of place: only what was sent to its end can be stored, and once.
  #noteOutcome({ file, status, reason }) {
    if (status === Status.STORED) {
      if (!this.#hasSent.has(file) || this.stored[file] !== undefined) return false;
      this.stored[file] = true;
      return true;
    }
    if (file >= this.#files.length || this.stored[file] === true) return false;
    this.#noteFailure(file, status === Status.UNWANTED ? 'rejected' : 'failed', shownName(reason));
    return true;
  }

  #addHave({ file, block, hashes }) {
    if (this.#hasAllHave || file >= this.#files.length) return false;
    if (hashes.length === 0) return true;
    let list = this.#have.get(file);
    if (!list) this.#have.set(file, list = new HashList());
    if (block !== list.length || block + hashes.length / HASH_LENGTH > Math.ceil(this.#files[file].size / BLOCK_SIZE)) return false;
    list.push(hashes);
    return true;
  }
}
