// Files over channels of their own (docs/protocol.md section 4): manifest, answer, blocks with their hashes, acknowledgements.

import {
  BLOCK_SIZE, Frame, MAX_UNACKNOWLEDGED, ackFrame, dataFrame, endFrame, equalBytes, fileHash, hashFrame, isUuid,
  manifestFrame, newUuid, parseFrame, sha256, storedFrame, toHex,
} from './protocol.js';

const LABEL = 'file:';
const SEND_BUFFER = 1024 * 1024;
const PROGRESS_TIMEOUT = 60_000;
const MAX_MANIFEST = 1024 * 1024;

export class Transfers {
  #senders = new Map();
  #receivers = new Map();
  #report;

  // report(transfer): key, name, peer, isOwn, length, transferred, state, error, hash, blob
  constructor(report) {
    this.#report = report;
  }

  async send(peer, file) {
    const sender = new Sender(peer, file, this.#report);
    this.#senders.set(sender.id, sender);
    await sender.run();
    this.#senders.delete(sender.id);
  }

  // A channel that a peer has opened. False when it is no transfer.
  receive(peer, channel) {
    const id = channel.label.slice(LABEL.length);
    if (!channel.label.startsWith(LABEL) || !isUuid(id)) return false;
    const receiver = new Receiver(id, peer, channel, this.#report);
    this.#receivers.set(id, receiver);
    receiver.run().finally(() => this.#receivers.delete(id));
    return true;
  }

  handle(peer, message) {
    const sender = this.#senders.get(message.id);
    const receiver = this.#receivers.get(message.id);
    if (sender?.peer === peer) sender.handle(message);
    if (receiver?.peer === peer && message.type === 'cancel') receiver.fail(new Error(`The sender cancelled it: ${message.reason}`));
  }
}

// Resolves waiting code when something has changed, with a limit on silence.
class Changes {
  #wake = () => {};
  #error;

  changed() {
    this.#wake();
  }

  fail(error) {
    this.#error ??= error;
    this.#wake();
  }

  async until(condition, onTimeout) {
    while (!condition()) {
      if (this.#error) throw this.#error;
      let timer;
      await new Promise((resolve, reject) => {
        this.#wake = resolve;
        timer = setTimeout(() => reject(new Error(onTimeout)), PROGRESS_TIMEOUT);
      }).finally(() => clearTimeout(timer));
    }
    if (this.#error) throw this.#error;
  }
}

class Sender {
  id = newUuid();
  peer;
  #file;
  #report;
  #channel;
  #changes = new Changes();
  #answer;
  #acknowledged = 0;
  #have = [];
  #hasAllHave = false;
  #stored;
  #transferred = 0;

  constructor(peer, file, report) {
    this.peer = peer;
    this.#file = file;
    this.#report = report;
  }

  handle(message) {
    if (message.type === 'accept') this.#answer = message;
    else if (message.type === 'reject') this.#changes.fail(new Error(`The receiver rejected it: ${message.reason}`));
    else if (message.type === 'cancel') this.#changes.fail(new Error(`The receiver gave it up: ${message.reason}`));
    this.#changes.changed();
  }

  async run() {
    try {
      this.#show('offered');
      const channel = this.#channel = this.peer.openChannel(LABEL + this.id);
      channel.binaryType = 'arraybuffer';
      channel.bufferedAmountLowThreshold = SEND_BUFFER / 2;
      channel.onopen = channel.onbufferedamountlow = () => this.#changes.changed();
      channel.onclose = () => this.#changes.fail(new Error('The connection to the receiver was lost.'));
      channel.onmessage = e => this.#receive(parseFrame(e.data));
      await this.#changes.until(() => channel.readyState === 'open', 'The channel did not open.');
      this.peer.send({ type: 'transfer', id: this.id, count: 1, total: this.#file.size, name: this.#file.name });
      channel.send(manifestFrame([{ i: 0, p: this.#file.name, s: this.#file.size, t: this.#file.lastModified }]));
      await this.#changes.until(() => this.#answer !== undefined, 'The receiver did not answer the offer.');
      if (this.#answer.have) await this.#changes.until(() => this.#hasAllHave, 'The receiver did not say in time what it holds.');
      const hash = await this.#sendBlocks();
      await this.#changes.until(() => this.#stored !== undefined, 'The receiver did not confirm the file in time.');
      if (!this.#stored) throw new Error('The receiver could not store the file.');
      this.#show('completed', { hash });
    } catch (error) {
      this.peer.send({ type: 'cancel', id: this.id, reason: error.message });
      this.#show('failed', { error: error.message });
    }
    this.#channel?.close();
  }

  async #sendBlocks() {
    const size = this.#file.size;
    const blockHashes = [];
    let sent = 0;
    const payload = Math.min(this.peer.features.includes('frame64k') ? 64 * 1024 : 16 * 1024, this.peer.maxMessageSize) - 16;
    for (let start = 0; start < size; start += BLOCK_SIZE) {
      const block = new Uint8Array(await this.#file.slice(start, start + BLOCK_SIZE).arrayBuffer());
      if (block.length !== Math.min(BLOCK_SIZE, size - start)) throw new Error('The file has changed while it was sent.');
      const index = start / BLOCK_SIZE;
      const hash = await sha256(block);
      blockHashes.push(hash);
      // What the receiver holds already does not travel.
      if (index < this.#have.length && equalBytes(this.#have[index], hash)) {
        await this.#send(hashFrame(0, index, block.length, hash));
        this.#transferred += block.length;
        this.#show('active');
        continue;
      }
      await this.#changes.until(() => sent + block.length - this.#acknowledged <= MAX_UNACKNOWLEDGED, 'The receiver has acknowledged nothing for 60 seconds.');
      for (let offset = 0; offset < block.length; offset += payload) {
        const part = block.subarray(offset, Math.min(offset + payload, block.length));
        await this.#send(dataFrame(0, start + offset, part));
        this.#transferred += part.length;
      }
      await this.#send(hashFrame(0, index, block.length, hash));
      sent += block.length;
      this.#show('active');
    }
    const hash = await fileHash(size, blockHashes);
    await this.#send(endFrame(0, size, hash));
    return hash;
  }

  async #send(bytes) {
    await this.#changes.until(() => this.#channel.bufferedAmount < SEND_BUFFER, 'Nothing could be sent for 60 seconds.');
    this.#channel.send(bytes);
  }

  #receive(frame) {
    if (frame?.type === Frame.ACK) this.#acknowledged = frame.acknowledged;
    else if (frame?.type === Frame.HAVE) {
      const mayHold = Math.ceil(this.#file.size / BLOCK_SIZE);
      if (frame.block === this.#have.length && frame.block + frame.hashes.length <= mayHold) this.#have.push(...frame.hashes);
      this.#hasAllHave = frame.isLast;
    } else if (frame?.type === Frame.STORED) this.#stored = frame.isStored;
    this.#changes.changed();
  }

  #show(state, more = {}) {
    this.#report({
      key: this.id, name: this.#file.name, peer: this.peer.name, isOwn: true, length: this.#file.size,
      transferred: this.#transferred, state, ...more, hash: more.hash && `eg1:${toHex(more.hash)}`,
    });
  }
}

class Receiver {
  id;
  peer;
  #channel;
  #report;
  #frames = [];
  #changes = new Changes();

  constructor(id, peer, channel, report) {
    this.id = id;
    this.peer = peer;
    this.#channel = channel;
    this.#report = report;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = e => {
      this.#frames.push(e.data);
      this.#changes.changed();
    };
    channel.onclose = () => this.fail(new Error('The sender closed the transfer before its end.'));
  }

  fail(error) {
    this.#changes.fail(error);
  }

  async run() {
    let entries = [];
    try {
      entries = await this.#readManifest();
      this.peer.send({ type: 'accept', id: this.id, files: null, have: false });
      let verified = 0;
      for (const entry of entries) verified = await this.#receiveFile(entry, verified);
      this.peer.send({ type: 'done', id: this.id, files: entries.length, bytes: verified });
    } catch (error) {
      this.peer.send({ type: 'cancel', id: this.id, reason: error.message });
      this.#show(entries[0] ?? { i: 0, p: '', s: 0 }, 0, 'failed', { error: error.message });
      this.#channel.close();
    }
  }

  async #next() {
    await this.#changes.until(() => this.#frames.length > 0, 'No data came for 60 seconds.');
    const frame = parseFrame(this.#frames.shift());
    if (!frame) throw new Error('The sender broke the transfer protocol.');
    return frame;
  }

  async #readManifest() {
    const entries = [];
    let total = 0;
    for (let isLast = false; !isLast;) {
      const frame = await this.#next();
      if (frame.type !== Frame.MANIFEST) throw new Error("The sender's manifest cannot be read.");
      total += frame.payload.length;
      if (total > MAX_MANIFEST) throw new Error("The sender's manifest is too long.");
      entries.push(...JSON.parse(new TextDecoder().decode(frame.payload)));
      isLast = frame.isLast;
    }
    return entries;
  }

  // Each verified block becomes a part of a Blob, which the browser may keep on disk.
  async #receiveFile(entry, verified) {
    const parts = [];
    const hashes = [];
    let block = new Uint8Array(BLOCK_SIZE);
    let filled = 0;
    let done = 0;
    while (true) {
      const frame = await this.#next();
      if (frame.file !== entry.i) throw new Error('The sender broke the transfer protocol.');
      if (frame.type === Frame.DATA && frame.offset === done + filled && filled + frame.payload.length <= BLOCK_SIZE) {
        block.set(frame.payload, filled);
        filled += frame.payload.length;
      } else if (frame.type === Frame.HASH && filled > 0 && frame.blockLength === filled) {
        const content = block.subarray(0, filled);
        const hash = await sha256(content);
        if (!equalBytes(hash, frame.hash)) throw new Error('A block arrived damaged.');
        hashes.push(hash);
        parts.push(new Blob([content]));
        done += filled;
        filled = 0;
        this.#channel.send(ackFrame(verified + done));
        this.#show(entry, done, 'active');
      } else if (frame.type === Frame.END && filled === 0 && frame.length === done) {
        const hash = await fileHash(done, hashes);
        if (!equalBytes(hash, frame.hash)) throw new Error('The file arrived damaged.');
        this.#channel.send(storedFrame(entry.i, true));
        this.#show({ ...entry, s: done }, done, 'completed', { hash: `eg1:${toHex(hash)}`, blob: new Blob(parts) });
        return verified + done;
      } else {
        throw new Error('The sender broke the transfer protocol: a frame out of place.');
      }
    }
  }

  #show(entry, transferred, state, more = {}) {
    this.#report({
      key: `${this.id}/${entry.i}`, name: String(entry.p).split('/').pop(), peer: this.peer.name, isOwn: false, length: entry.s, transferred, state, ...more,
    });
  }
}
