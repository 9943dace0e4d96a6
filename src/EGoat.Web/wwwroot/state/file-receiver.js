// The files of a transfer, block after block: each is stored when its hash is right, and then acknowledged.

import { BLOCK_SIZE, Frame, HashList, Status, ackFrame, equalBytes, fileHash, formatHash, storedFrame } from '../common/protocol.js';
import { shownName } from '../common/names.js';
import { OUT_OF_PLACE } from './frame-queue.js';

export class FileReceiver {
  // Bytes that were verified, that have travelled, and that did not have to.
  verified = 0;
  transferred = 0;
  resumed = 0;
  #channel;
  #storage;
  #host;
  #block = new Uint8Array(BLOCK_SIZE);
  // Payload bytes that are not acknowledged.
  #inBlock = 0;

  // host: hasOutcomes, whether the sender can be told of single files; next(), the next frame; prepare(record, done) before a file is written; finish(file, record, length, hash); report()
  constructor(channel, storage, host) {
    this.#channel = channel;
    this.#storage = storage;
    this.#host = host;
  }

  // held: hashes of the blocks that are there already.
  // A file that cannot be kept is told with its reason (file.error), and what still comes of it is given up.
  async receive(index, file, record, held) {
    const place = { isOver: false };
    try {
      await this.#receive(index, file, record, held, place);
    } catch (error) {
      if (!error.isOfFile || !this.#host.hasOutcomes) throw error;
      file.error = error.message;
      this.#channel.send(storedFrame(index, Status.FAILED, error.message));
      if (!place.isOver) await this.#discard(index);
    }
  }

  async #receive(index, file, record, held = new HashList(), place) {
    const hashes = new HashList();
    let done = 0;
    let filled = 0;
    while (true) {
      const frame = await this.#host.next();
      if (frame.file !== index || file.isFolder && frame.type !== Frame.END && frame.type !== Frame.SKIP) throw new Error(OUT_OF_PLACE);
      const blockLength = file.length < 0 ? BLOCK_SIZE : Math.min(BLOCK_SIZE, file.length - done);
      const block = done / BLOCK_SIZE;
      if (frame.type === Frame.DATA && frame.offset === done + filled && Number.isInteger(block) && filled + frame.payload.length <= blockLength) {
        this.#block.set(frame.payload, filled);
        filled += frame.payload.length;
        this.#inBlock += frame.payload.length;
        this.transferred += frame.payload.length;
      } else if (frame.type === Frame.HASH && frame.block === block && filled > 0 && frame.blockLength === filled && (filled === blockLength || file.length < 0)) {
        await ofFile(this.#host.prepare(record, done));
        const { isRight, buffer } = await this.#storage.write(record.file, done, this.#block.buffer, filled, frame.hash);
        this.#block = new Uint8Array(buffer);
        if (!isRight) throw new Error('A block arrived damaged.');
        hashes.push(frame.hash);
        done += filled;
        filled = 0;
        this.#acknowledge();
      } else if (frame.type === Frame.HASH && frame.block === block && filled === 0 && frame.blockLength === blockLength && held.has(block, frame.hash)) {
        if (record.isOpen && record.present) await ofFile(this.#storage.copy(record.present.file, record.file, done, blockLength));
        hashes.push(frame.hash);
        this.resumed += blockLength;
        done += blockLength;
      } else if (frame.type === Frame.END && filled === 0 && frame.length === done && (file.length < 0 || done === file.length)) {
        place.isOver = true;
        const hash = await fileHash(done, hashes);
        if (!equalBytes(hash, frame.hash)) throw new Error('The file arrived damaged.');
        await ofFile(this.#host.finish(file, record, done, formatHash(hash)));
        this.#channel.send(storedFrame(index, Status.STORED));
        return;
      } else if (frame.type === Frame.SKIP) {
        file.error = `'${shownName(file.path)}' was not sent: ${shownName(frame.reason)}`;
        this.#acknowledge();
        return;
      } else {
        throw new Error(OUT_OF_PLACE);
      }
      if (frame.type === Frame.HASH) this.#host.report();
    }
  }

  #acknowledge() {
    if (this.#inBlock === 0) return;
    this.verified += this.#inBlock;
    this.#inBlock = 0;
    this.#channel.send(ackFrame(this.verified));
  }

  // What was on its way when the file failed.
  async #discard(index) {
    while (true) {
      this.#acknowledge();
      const frame = await this.#host.next();
      if (frame.file !== index || ![Frame.DATA, Frame.HASH, Frame.END, Frame.SKIP].includes(frame.type)) throw new Error(OUT_OF_PLACE);
      if (frame.type === Frame.END || frame.type === Frame.SKIP) return;
      if (frame.type === Frame.DATA) this.#inBlock += frame.payload.length;
    }
  }
}

// What another tab holds or has removed is the matter of one file; a storage that is full is that of all.
async function ofFile(work) {
  try {
    return await work;
  } catch (error) {
    error.isOfFile = true;
    throw error;
  }
}
