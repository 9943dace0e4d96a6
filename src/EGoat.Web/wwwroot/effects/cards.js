// Cards of files that were sent, kept when they are done: what, how much and to whom, never the content.

import { transact } from './database.js';

const STORE = 'cards';
const MAX_FILES = 100;

// card: key, room, at, transfers (as Transfers reports them).
export function keepCard({ key, room, at, transfers }) {
  const kept = transfers.map(transfer => ({ ...transfer, files: transfer.files.slice(0, MAX_FILES).map(({ path, length, hash, isWanted }) => ({ path, length, hash, isWanted })), count: transfer.files.length }));
  return transact(STORE, 'readwrite', store => store.put({ key, room, at, transfers: kept }));
}

export const cardsOf = room => transact(STORE, 'readonly', store => store.index('room').getAll(room));

export const forgetCard = key => transact(STORE, 'readwrite', store => store.delete(key));
