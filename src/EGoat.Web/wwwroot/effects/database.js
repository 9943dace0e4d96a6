// The page's own database: its certificate, the messages when no history of this machine is at hand, who has which of its user's
// own texts, what was received, what is being sent, and the cards of what was sent.

const VERSION = 3;

const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('egoat', VERSION);
  request.onupgradeneeded = e => {
    const made = request.result;
    if (e.oldVersion < 1) {
      made.createObjectStore('identity');
      made.createObjectStore('messages', { keyPath: ['fromIdentity', 'id'] }).createIndex('room', ['room', 'receivedAt']);
    }
    if (e.oldVersion < 2) {
      made.createObjectStore('received', { keyPath: 'file' }).createIndex('key', 'key');
      made.createObjectStore('sources', { keyPath: 'key' });
    }
    if (e.oldVersion < 3) {
      made.createObjectStore('deliveries', { keyPath: 'id' }).createIndex('room', 'room');
      made.createObjectStore('cards', { keyPath: 'key' }).createIndex('room', 'room');
    }
  };
  request.onblocked = () => reject(new Error('Another tab has an older version of this page open: close it, then reload.'));
  request.onsuccess = () => {
    // A newer version of the page in another tab must not wait for this one.
    request.result.onversionchange = () => request.result.close();
    resolve(request.result);
  };
  request.onerror = () => reject(request.error);
});

let database;

// Runs one transaction. The result is that of the request which use returns, or what it returns itself.
export async function transact(store, mode, use) {
  database ??= open();
  const transaction = (await database).transaction(store, mode);
  const used = use(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(used instanceof IDBRequest ? used.result : used);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}
