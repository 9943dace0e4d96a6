// Where messages are kept: in this machine's chat.db through the REST API when the page was opened with its token, else in
// the browser. Adding one completes when it is stored, with what is stored: the first that its sender said under its id.

import { fault } from '../common/fault.js';
import { transact } from './database.js';
import { token } from './link.js';

export const PAGE_SIZE = 200;
const MAX_ANSWER_TIME = 10_000;
const MAX_FOUND = 200;

export const openHistory = () => token() ? new RestHistory() : new BrowserHistory();

class RestHistory {
  // The token is looked up each time: a server that was started anew has another one.
  async add(message) {
    return this.#fetch('/api/history', { method: 'POST', body: JSON.stringify(message) });
  }

  // The newest, or those before a message that came from here; the oldest of them first.
  async last(room, before) {
    const rows = await this.#query({ room, order: 'newest', take: PAGE_SIZE, ...before && { before: before.sequence } });
    return rows.reverse();
  }

  search(room, text) {
    return this.#query({ room, text, order: 'newest', take: MAX_FOUND });
  }

  async #query(parameters) {
    return this.#fetch(`/api/history?${new URLSearchParams(parameters)}`);
  }

  async #fetch(url, options = {}) {
    let response;
    try {
      response = await fetch(url, { ...options, headers: { Authorization: `Bearer ${token()}` }, signal: AbortSignal.timeout(MAX_ANSWER_TIME) });
    } catch {
      throw fault('history-unreachable');
    }
    if (response.status === 401) throw fault('history-unauthorized', {}, { isUnauthorized: true });
    if (!response.ok) throw fault('history-refuses', { status: response.status });
    return response.json();
  }
}

class BrowserHistory {
  async add(message) {
    const key = [message.fromIdentity, message.id];
    let stored = message;
    await transact('messages', 'readwrite', store => {
      store.get(key).onsuccess = e => {
        if (e.target.result) stored = e.target.result;
        else store.add(message);
      };
    });
    return stored;
  }

  async last(room, before) {
    const range = IDBKeyRange.bound([room, ''], [room, before?.receivedAt ?? '\uffff']);
    const rows = [];
    await transact('messages', 'readonly', store => {
      store.index('room').openCursor(range, 'prev').onsuccess = e => {
        const cursor = e.target.result;
        if (!cursor || rows.length === PAGE_SIZE) return;
        const isKnown = before && cursor.value.receivedAt === before.receivedAt && cursor.value.id >= before.id;
        if (!isKnown) rows.push(cursor.value);
        cursor.continue();
      };
    });
    return rows.reverse();
  }

  async search(room, text) {
    const wanted = text.toLocaleLowerCase();
    const rows = [];
    await transact('messages', 'readonly', store => {
      store.index('room').openCursor(IDBKeyRange.bound([room, ''], [room, '\uffff']), 'prev').onsuccess = e => {
        const cursor = e.target.result;
        if (!cursor || rows.length === MAX_FOUND) return;
        if (cursor.value.text.toLocaleLowerCase().includes(wanted)) rows.push(cursor.value);
        cursor.continue();
      };
    });
    return rows;
  }
}
