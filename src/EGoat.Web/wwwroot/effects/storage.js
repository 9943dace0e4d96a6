// Received content, seen from the page: a worker writes and hashes it, the page only reads finished files.

import { fault } from '../common/fault.js';
import { shownSize } from '../common/units.js';

const FOLDER = 'received';

// What else the browser keeps beside the files themselves.
const RESERVE = 4 * 1024 * 1024;

export class Storage {
  #worker;
  #waiting = new Map();
  #next = 0;

  static get isSupported() {
    return typeof navigator.storage?.getDirectory === 'function' && typeof FileSystemFileHandle !== 'undefined';
  }

  // Null when so many bytes more may be stored, else what may be stored instead, as text.
  async refuse(bytes) {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    const free = Math.max(0, quota - usage - RESERVE);
    if (bytes > free) return `only ${shownSize(free)} more`;
    return bytes === 0 || await this.#ask('hasRoom', { bytes: bytes + RESERVE }) ? null : 'less than that';
  }

  // Asks the browser not to clear away what is received when space runs short. What it answers changes nothing here.
  async persist() {
    if (!await navigator.storage.persisted?.()) await navigator.storage.persist?.();
  }

  // The file, on disk: taking it reads nothing. Null when it is not there.
  async file(name) {
    try {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
      return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
      if (error.name === 'NotFoundError') return null;
      throw error;
    }
  }

  open(name) {
    return this.#ask('open', { name });
  }

  hash(name, first, count, length) {
    return this.#ask('hash', { name, first, count, length });
  }

  // The buffer goes to the worker and comes back.
  write(name, offset, buffer, length, hash) {
    return this.#ask('write', { name, offset, buffer, length, hash: hash.slice() }, [buffer]);
  }

  copy(from, name, offset, length) {
    return this.#ask('copy', { from, name, offset, length });
  }

  finish(name, length) {
    return this.#ask('finish', { name, length });
  }

  close(name) {
    return this.#ask('close', { name });
  }

  remove(name) {
    return this.#ask('remove', { name });
  }

  list() {
    return this.#ask('list', {});
  }

  #ask(operation, request, transfer = []) {
    this.#worker ??= this.#start();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, operation, request }, transfer);
    });
  }

  #start() {
    const worker = new Worker(new URL('./storage-worker.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    worker.onerror = e => {
      this.#worker = undefined;
      // A script that fails says what; one that could not be loaded says nothing.
      for (const { reject } of this.#waiting.values()) reject(fault(e.message ? 'storage-unusable' : 'page-unreachable'));
      this.#waiting.clear();
    };
    return worker;
  }
}
