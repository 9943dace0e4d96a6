// The page's own database: its certificate, and the messages when no history of this machine is at hand.

const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('egoat', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('identity');
    request.result.createObjectStore('messages', { keyPath: ['fromIdentity', 'id'] }).createIndex('room', ['room', 'receivedAt']);
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let database;

export async function transact(store, mode, use) {
  database ??= open();
  const transaction = (await database).transaction(store, mode);
  const request = use(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
  });
}
