// The only place that writes received content: files of the origin private file system, each open in one tab at a time, a block
// after another, none of which is written before its hash is right.

import { BLOCK_SIZE, blockHash, equalBytes } from '../common/protocol.js';

const FOLDER = 'received';

// A tab that was just closed or reloaded lets go of its files a moment later.
const OPEN_ATTEMPTS = 50;
const OPEN_PAUSE = 100;

const open = new Map();

async function folder() {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

async function openHandle(name) {
  const file = await (await folder()).getFileHandle(name, { create: true });
  for (let attempt = 1; ; attempt++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (error.name !== 'NoModificationAllowedError') throw error;
      if (attempt === OPEN_ATTEMPTS) throw new Error('Another tab of this browser is receiving this file.');
      await new Promise(resolve => setTimeout(resolve, OPEN_PAUSE));
    }
  }
}

function readAll(handle, bytes, at) {
  let filled = 0;
  while (filled < bytes.length) {
    const read = handle.read(bytes.subarray(filled), { at: at + filled });
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

function writeAll(handle, bytes, at) {
  for (let written = 0; written < bytes.length;) {
    const count = handle.write(bytes.subarray(written), { at: at + written });
    if (count === 0) throw new DOMException("The browser's storage is full.", 'QuotaExceededError');
    written += count;
  }
}

// The content of a block of a file, which may be open here or lie there finished; shorter than asked for at its end.
async function readBlock(name, offset, length) {
  const handle = open.get(name);
  if (handle) {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readAll(handle, bytes, offset));
  }
  const file = await (await (await folder()).getFileHandle(name)).getFile();
  return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
}

const operations = {
  async open({ name }) {
    open.set(name, await openHandle(name));
    return open.get(name).getSize();
  },

  // The hashes of whole blocks from the first on, concatenated: fewer than asked for where the file ends.
  async hash({ name, first, count, length }) {
    const hashes = new Uint8Array(32 * count);
    let done = 0;
    for (; done < count; done++) {
      const offset = (first + done) * BLOCK_SIZE;
      const expected = Math.min(BLOCK_SIZE, length - offset);
      if (expected <= 0) break;
      const block = await readBlock(name, offset, expected);
      if (block.length < expected) break;
      hashes.set(await blockHash(block), 32 * done);
    }
    return hashes.slice(0, 32 * done);
  },

  // Writes a block if its hash is the one told; gives the buffer back to be used again.
  async write({ name, offset, buffer, length, hash }) {
    const content = new Uint8Array(buffer, 0, length);
    const isRight = equalBytes(await blockHash(content), hash);
    if (isRight) writeAll(open.get(name), content, offset);
    return { isRight, buffer };
  },

  async copy({ from, name, offset, length }) {
    const block = await readBlock(from, offset, length);
    if (block.length < length) throw new Error('A file that was received earlier is gone.');
    writeAll(open.get(name), block, offset);
  },

  async finish({ name, length }) {
    const handle = open.get(name);
    handle.truncate(length);
    handle.flush();
    handle.close();
    open.delete(name);
  },

  async close({ name }) {
    open.get(name)?.close();
    open.delete(name);
  },

  async remove({ name }) {
    try {
      await (await folder()).removeEntry(name);
    } catch (error) {
      if (error.name === 'NoModificationAllowedError') throw new Error('Another transfer or tab has this file open.');
      if (error.name !== 'NotFoundError') throw error;
    }
  },

  // Whether so many bytes more may be stored. A browser does not tell its true quota, but it refuses to make a file longer.
  async hasRoom({ bytes }) {
    const name = `room-${crypto.randomUUID()}`;
    const handle = await openHandle(name);
    try {
      handle.truncate(bytes);
      return true;
    } catch (error) {
      if (error.name === 'QuotaExceededError') return false;
      throw error;
    } finally {
      handle.close();
      await operations.remove({ name });
    }
  },

  async list() {
    return Array.fromAsync((await folder()).keys());
  },
};

onmessage = async ({ data: { id, operation, request } }) => {
  try {
    const result = await operations[operation](request);
    postMessage({ id, result }, result?.buffer instanceof ArrayBuffer ? [result.buffer] : []);
  } catch (error) {
    const isFull = error.name === 'QuotaExceededError';
    postMessage({ id, error: isFull ? "The browser's storage is full: remove received files, then send again." : error.message });
  }
};
