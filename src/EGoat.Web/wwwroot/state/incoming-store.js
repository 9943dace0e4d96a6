// The files of one transfer to this page while they are written: opened when they are needed, put in place when they are whole.

import { BLOCK_SIZE } from '../common/protocol.js';
import { finishReceived, shareReceived } from '../effects/received.js';

export class IncomingStore {
  #transfer;
  #storage;
  #changes;
  #discard;

  // changes: its error, if there is one, is why nothing is opened any more; discard(files) gives places back
  constructor(transfer, storage, changes, discard) {
    this.#transfer = transfer;
    this.#storage = storage;
    this.#changes = changes;
    this.#discard = discard;
  }

  // The bytes that the file holds.
  async open(record) {
    if (record.isOpen) return record.size;
    if (this.#changes.error) throw this.#changes.error;
    record.size = await this.#storage.open(record.file);
    record.isOpen = true;
    return record.size;
  }

  // The file is there to be written, with the blocks that were held elsewhere.
  async prepare(record, done) {
    if (record.isOpen) return;
    await this.open(record);
    for (let at = 0; record.present && at < done; at += BLOCK_SIZE) await this.#storage.copy(record.present.file, record.file, at, Math.min(BLOCK_SIZE, done - at));
  }

  async finish(file, record, length, hash) {
    file.hash = hash;
    file.length = length;
    if (!record) return;
    if (record.present && !record.isOpen) {
      // Identical to one that was received before: nothing was written, and its place is given back.
      file.file = record.present.file;
      await shareReceived(record.present.file, this.#transfer);
      await this.#discard([record.file]);
    } else {
      await this.open(record);
      await this.#storage.finish(record.file, length);
      record.isOpen = false;
      await finishReceived(record.file, length, file.hash);
      file.file = record.file;
    }
    record.isFinished = true;
  }
}
