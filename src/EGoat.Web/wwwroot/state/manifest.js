// The manifest of a transfer: what its sender says that will come (docs/protocol.md section 4).

import { refusalsOf } from '../common/names.js';
import { Frame } from '../common/protocol.js';

const MAX_MANIFEST = 4 * 1024 * 1024;
const MAX_ENTRIES = 10_000;
const MAX_SOURCE = 32;

export const rejection = (message, shown = message) => Object.assign(new Error(message), { state: 'rejected', shown });

// next(): the next frame. mayRefuse: whether the sender can be told of single files. Entries: i, p, s, t, k, isFolder, and why the name
// is refused (refusal), if it is.
export async function readManifest(next, mayRefuse) {
  const entries = [];
  let total = 0;
  for (let isLast = false; !isLast;) {
    const frame = await next();
    if (frame.type !== Frame.MANIFEST) throw new Error("The sender's manifest cannot be read.");
    total += frame.payload.length;
    for (const entry of readPage(frame.payload)) {
      if (!isEntry(entry, entries.length)) throw new Error("The sender's manifest cannot be read.");
      entries.push({ i: entry.i, p: entry.p, s: entry.s, t: entry.t, k: entry.k, isFolder: entry.d === true });
    }
    if (total > MAX_MANIFEST || entries.length > MAX_ENTRIES) throw rejection(`It has more files than a browser can take: at most ${MAX_ENTRIES}. Send an archive.`);
    isLast = frame.isLast;
  }
  if (entries.length === 0) throw new Error("The sender's manifest is empty.");
  const refusals = refusalsOf(entries.map(e => e.p));
  const first = refusals.find(Boolean);
  if (first && (!mayRefuse || refusals.every(Boolean))) throw rejection(`The transfer is refused: ${first}.`);
  return entries.map((entry, i) => refusals[i] ? { ...entry, refusal: `${refusals[i][0].toUpperCase()}${refusals[i].slice(1)}.` } : entry);
}

function readPage(payload) {
  try {
    const page = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return Array.isArray(page) ? page : [null];
  } catch {
    return [null];
  }
}

const isEntry = (entry, index) => entry !== null && typeof entry === 'object' && entry.i === index && typeof entry.p === 'string' &&
  Number.isSafeInteger(entry.s) && entry.s >= -1 && (entry.t === undefined || Number.isSafeInteger(entry.t)) &&
  (entry.k === undefined || typeof entry.k === 'string' && entry.k.length > 0 && entry.k.length <= MAX_SOURCE);
