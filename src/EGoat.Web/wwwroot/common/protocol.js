// Ids, hashes and frames of the peer protocol, version 1 (docs/protocol.md).

export const VERSION = 1;
export const BLOCK_SIZE = 1024 * 1024;
const SLICE_SIZE = 64 * 1024;
export const MAX_UNACKNOWLEDGED = 16 * 1024 * 1024;
export const MAX_TEXT_BYTES = 32 * 1024;

export const Frame = { MANIFEST: 0x01, DATA: 0x02, HASH: 0x03, END: 0x04, SKIP: 0x05, ALIVE: 0x41, ACK: 0x81, HAVE: 0x82, STORED: 0x83 };
// The status of STORED: in place, could not be kept, not wanted.
export const Status = { STORED: 0, FAILED: 1, UNWANTED: 2 };
const MAX_REASON = 1024;
export const HASH_LENGTH = 32;
export const MAX_PAGE = 16 * 1024;
export const HASHES_PER_PAGE = Math.floor((MAX_PAGE - 12) / HASH_LENGTH);
const LAST_PAGE = 1;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

export function base32(bytes) {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += ALPHABET[(bits >>> count) & 31];
    }
    bits &= (1 << count) - 1;
  }
  return count > 0 ? text + ALPHABET[(bits << (5 - count)) & 31] : text;
}

export const newId = () => base32(crypto.getRandomValues(new Uint8Array(16)));

// RFC 9562 section 5.7: 48 bits of time, then randomness.
export function newUuid(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint16(0, Math.floor(now / 2 ** 32));
  new DataView(bytes.buffer).setUint32(2, now % 2 ** 32);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const isUuid = text => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);

export const toHex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');

export const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

// The identity of a certificate: the first 16 bytes of the SHA-256 of its DER.
export const identityOf = async der => base32((await sha256(der)).subarray(0, 16));

// Hashes one after another, in as little memory as they need: a file of a terabyte has a million.
export class HashList {
  #bytes = new Uint8Array(64 * HASH_LENGTH);
  length = 0;

  // One hash or several, concatenated.
  push(hashes) {
    const used = this.length * HASH_LENGTH;
    if (used + hashes.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * (used + hashes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hashes, used);
    this.length += hashes.length / HASH_LENGTH;
  }

  at(index) {
    return this.#bytes.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
  }

  has(index, hash) {
    return index < this.length && equalBytes(this.at(index), hash);
  }

  * [Symbol.iterator]() {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

export async function blockHash(block) {
  const slices = [];
  for (let at = 0; at < block.length; at += SLICE_SIZE) slices.push(sha256(block.subarray(at, at + SLICE_SIZE)));
  const hashes = new Uint8Array(HASH_LENGTH * slices.length);
  (await Promise.all(slices)).forEach((hash, i) => hashes.set(hash, HASH_LENGTH * i));
  return sha256(hashes);
}

export const formatHash = hash => `eg2:${toHex(hash)}`;

export async function fileHash(length, blockHashes) {
  const prefix = new TextEncoder().encode('egoat-file-2');
  const input = new Uint8Array(prefix.length + 12 + HASH_LENGTH * blockHashes.length);
  input.set(prefix);
  const view = new DataView(input.buffer);
  view.setBigUint64(prefix.length, BigInt(length));
  view.setUint32(prefix.length + 8, BLOCK_SIZE);
  let at = prefix.length + 12;
  for (const hash of blockHashes) {
    input.set(hash, at);
    at += HASH_LENGTH;
  }
  return sha256(input);
}

function frame(type, length, file = 0) {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  new DataView(bytes.buffer).setUint32(4, file);
  return bytes;
}

export const manifestFrame = (entries, isLast = true) => manifestPage(entries.map(entry => JSON.stringify(entry)), isLast);

function manifestPage(items, isLast) {
  const json = new TextEncoder().encode(`[${items.join(',')}]`);
  const bytes = new Uint8Array(4 + json.length);
  bytes[0] = Frame.MANIFEST;
  bytes[1] = isLast ? LAST_PAGE : 0;
  bytes.set(json, 4);
  return bytes;
}

// The frames of a manifest, none longer than a page may be.
export function* manifestFrames(entries) {
  let items = [];
  let length = 0;
  for (const entry of entries) {
    const item = JSON.stringify(entry);
    const added = new TextEncoder().encode(item).length + 1;
    if (items.length > 0 && 4 + 2 + length + added > MAX_PAGE) {
      yield manifestPage(items, false);
      items = [];
      length = 0;
    }
    items.push(item);
    length += added;
  }
  yield manifestPage(items, true);
}

// buffer: where the frame is made, so that a sender needs only one.
export function dataFrame(file, offset, payload, buffer = new ArrayBuffer(16 + payload.length)) {
  const bytes = new Uint8Array(buffer, 0, 16 + payload.length);
  const view = new DataView(buffer);
  view.setUint32(0, Frame.DATA << 24);
  view.setUint32(4, file);
  view.setBigUint64(8, BigInt(offset));
  bytes.set(payload, 16);
  return bytes;
}

export function hashFrame(file, block, length, hash) {
  const bytes = frame(Frame.HASH, 48, file);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, block);
  view.setUint32(12, length);
  bytes.set(hash, 16);
  return bytes;
}

export function endFrame(file, length, hash) {
  const bytes = frame(Frame.END, 48, file);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(length));
  bytes.set(hash, 16);
  return bytes;
}

export function ackFrame(acknowledged) {
  const bytes = frame(Frame.ACK, 16);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(acknowledged));
  return bytes;
}

// hashes: of the blocks from the first on, concatenated.
export function haveFrame(file, first, hashes, isLast) {
  const bytes = frame(Frame.HAVE, 12 + hashes.length, file);
  bytes[1] = isLast ? LAST_PAGE : 0;
  new DataView(bytes.buffer).setUint32(8, first);
  bytes.set(hashes, 12);
  return bytes;
}

// reason: why a file is not in place; only to a peer that reads it.
export function storedFrame(file, status, reason = '') {
  const bytes = outcomeFrame(Frame.STORED, file, reason);
  bytes[1] = status;
  return bytes;
}

// This file is not coming, because.
export const skipFrame = (file, reason) => outcomeFrame(Frame.SKIP, file, reason);

function outcomeFrame(type, file, reason) {
  const text = new Uint8Array(MAX_REASON);
  const { written } = new TextEncoder().encodeInto(reason, text);
  const bytes = frame(type, 8 + written, file);
  bytes.set(text.subarray(0, written), 8);
  return bytes;
}

// seconds: the silence that this side asks for; 0 when it asks for none.
export const aliveFrame = (seconds = 0) => frame(Frame.ALIVE, 8, seconds);

// A view of a frame; null when its type is unknown or its length does not fit.
export function parseFrame(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 4) return null;
  const view = new DataView(buffer);
  const at = { type: bytes[0], flags: bytes[1], file: bytes.length >= 8 ? view.getUint32(4) : 0 };
  const number = () => Number(view.getBigUint64(8));
  switch (at.type) {
    case Frame.MANIFEST:
      return { ...at, isLast: (at.flags & LAST_PAGE) !== 0, payload: bytes.subarray(4) };
    case Frame.DATA:
      return bytes.length > 16 ? { ...at, offset: number(), payload: bytes.subarray(16) } : null;
    case Frame.HASH:
      return bytes.length === 48 ? { ...at, block: view.getUint32(8), blockLength: view.getUint32(12), hash: bytes.subarray(16) } : null;
    case Frame.END:
      return bytes.length === 48 ? { ...at, length: number(), hash: bytes.subarray(16) } : null;
    case Frame.ACK:
      return bytes.length === 16 ? { ...at, acknowledged: number() } : null;
    case Frame.HAVE:
      if (bytes.length < 12 || (bytes.length - 12) % HASH_LENGTH !== 0) return null;
      return { ...at, isLast: (at.flags & LAST_PAGE) !== 0, block: view.getUint32(8), hashes: bytes.subarray(12) };
    case Frame.STORED:
      return at.flags === Status.STORED ? bytes.length === 8 ? { ...at, status: at.flags, reason: '' } : null
        : at.flags <= Status.UNWANTED ? withReason({ ...at, status: at.flags }, bytes) : null;
    case Frame.SKIP:
      return withReason(at, bytes);
    case Frame.ALIVE:
      return bytes.length === 8 ? { ...at, seconds: at.file } : null;
    default:
      return null;
  }
}

const withReason = (at, bytes) =>
  bytes.length >= 8 && bytes.length <= 8 + MAX_REASON ? { ...at, reason: new TextDecoder().decode(bytes.subarray(8)) } : null;

export const equalBytes = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
