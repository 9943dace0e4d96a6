// The list of what was received and of what is still incomplete. A file has a name of our own, made from a hash: who sent it
// under which path. Its content lies in the private file system under that name.
//
// A record: file (the name), key (the hash), identity, peer, path, length (-1 unknown), modifiedAt, transfer (the id of the last
// transfer that brought some of it), also (ids of others that brought the same, finished), room, state ('partial' or 'finished'),
// hash, at.

import { transact } from './database.js';
import { sha256, toHex } from '../common/protocol.js';

const STORE = 'received';
const KEY_BYTES = 16;
const MAX_ALSO = 50;

export async function keyOf(identity, path, source) {
  const name = source === undefined ? `${identity}\n${path}` : `${identity}\n${path}\n${source}`;
  return toHex((await sha256(new TextEncoder().encode(name))).subarray(0, KEY_BYTES));
}

export const allReceived = () => transact(STORE, 'readonly', store => store.getAll());

// What there is for each of the keys: lists of records.
export function findReceived(keys) {
  return transact(STORE, 'readonly', store => {
    const found = keys.map(() => []);
    keys.forEach((key, i) => {
      store.index('key').getAll(key).onsuccess = e => found[i].push(...e.target.result);
    });
    return found;
  });
}

// Takes a place for each file: that of its partial file, else a new one beside the finished files of the same path. All in one
// transaction, so that two tabs never make two places of one. Returns the records, each with the finished record of the same
// length if there is one (present), and the transfer that had its place before (before).
export function claimReceived(wanted) {
  return transact(STORE, 'readwrite', store => {
    const claimed = new Array(wanted.length);
    wanted.forEach((record, i) => {
      store.index('key').getAll(record.key).onsuccess = e => {
        const there = e.target.result;
        const partial = there.find(r => r.state === 'partial');
        const taken = new Set(there.map(r => r.file));
        let file = partial?.file ?? record.key;
        for (let number = 2; !partial && taken.has(file); number++) file = `${record.key}-${number}`;
        const present = partial ? undefined : there.findLast(r => r.state === 'finished' && r.length === record.length && r.length > 0);
        const made = { ...record, file, state: 'partial', at: Date.now() };
        store.put(made);
        claimed[i] = { ...made, present, before: partial?.transfer };
      };
    });
    return claimed;
  });
}

const change = (file, changed) => transact(STORE, 'readwrite', store => {
  store.get(file).onsuccess = e => e.target.result && store.put({ ...e.target.result, ...changed, at: Date.now() });
});

export const finishReceived = (file, length, hash) => change(file, { length, hash, state: 'finished' });

// The transfers that a file belongs to.
export const transfersOf = ({ transfer, also = [] }) => [transfer, ...also];

// A finished file that another transfer has brought once more: it belongs to both.
export const shareReceived = (file, transfer) => transact(STORE, 'readwrite', store => {
  store.get(file).onsuccess = e => {
    const record = e.target.result;
    if (record && !transfersOf(record).includes(transfer)) store.put({ ...record, also: [...record.also ?? [], transfer].slice(-MAX_ALSO) });
  };
});

// The files stay, for the other transfers that they belong to.
export const leaveReceived = (files, transfer) => transact(STORE, 'readwrite', store => files.forEach(file => {
  store.get(file).onsuccess = e => {
    const record = e.target.result;
    const [first, ...also] = transfersOf(record).filter(id => id !== transfer);
    store.put({ ...record, transfer: first, also });
  };
}));

export function removeReceived(files) {
  return transact(STORE, 'readwrite', store => files.forEach(file => store.delete(file)));
}
