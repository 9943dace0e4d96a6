// Where messages are kept: in this machine's chat.db through the REST API when the page was opened with its token, else in
// the browser. Adding one completes when it is stored.

import { transact } from './database.js';

const TOKEN = 'egoat-token';
const PAGE_SIZE = 200;

// The token comes in the fragment, which never reaches a server, and leaves the address at once.
export function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('t');
  if (token) {
    sessionStorage.setItem(TOKEN, token);
    fragment.delete('t');
    window.history.replaceState(null, '', location.pathname + (fragment.size > 0 ? `#${fragment}` : ''));
  }
}

export function openHistory() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? new RestHistory(token) : new BrowserHistory();
}

class RestHistory {
  #headers;

  constructor(token) {
    this.#headers = { Authorization: `Bearer ${token}` };
  }

  async add(message) {
    await this.#fetch('/api/history', { method: 'POST', body: JSON.stringify(message) });
  }

  async last(room) {
    const rows = await this.#fetch(`/api/history?order=newest&take=${PAGE_SIZE}&room=${encodeURIComponent(room)}`);
    return rows.reverse();
  }

  async #fetch(url, options = {}) {
    const response = await fetch(url, { ...options, headers: this.#headers });
    if (!response.ok) throw new Error(`The history of this machine answers ${response.status}. Open the page with the link that 'egoat serve' prints.`);
    return response.json();
  }
}

class BrowserHistory {
  add(message) {
    return transact('messages', 'readwrite', store => store.put(message));
  }

  async last(room) {
    const range = IDBKeyRange.bound([room, ''], [room, '\uffff']);
    const rows = await transact('messages', 'readonly', store => store.index('room').getAll(range));
    return rows.slice(-PAGE_SIZE);
  }
}
