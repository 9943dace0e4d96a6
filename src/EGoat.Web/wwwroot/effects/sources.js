// What this page is sending, remembered over a reload: a page may not open a file again by itself, but it knows for which one
// to ask. With a file handle, and the permission still granted, it may.
//
// A record: key, room, identity and peer (of the receiver), files: [{path, size, lastModified, handle}].

import { transact } from './database.js';

const STORE = 'sources';
const MAX_FILES = 10_000;

export async function rememberSource(record) {
  if (record.files.length > MAX_FILES) return;
  const files = record.files.map(({ path, size, lastModified, handle }) => ({ path, size, lastModified, handle }));
  await transact(STORE, 'readwrite', store => store.put({ ...record, files }));
}

export const forgetSource = key => transact(STORE, 'readwrite', store => store.delete(key));

export async function sourcesOf(room) {
  return (await transact(STORE, 'readonly', store => store.getAll())).filter(record => record.room === room);
}

// A file to send, from a File of an input or a drop.
export const fromFile = (file, handle) =>
  ({ path: file.webkitRelativePath || file.name, size: file.size, lastModified: file.lastModified, file, handle });

// All files below a dropped or chosen folder.
export async function* fromFolder(folder, prefix = folder.name) {
  for await (const entry of folder.values()) {
    const path = `${prefix}/${entry.name}`;
    if (entry.kind === 'directory') yield* fromFolder(entry, path);
    else yield { ...fromFile(await entry.getFile(), entry), path };
  }
}

// What was dropped: handles where the browser gives them, else the older entries, else plain files. Everything must be taken
// from the event before the first wait.
export async function fromDrop(dataTransfer) {
  const taken = [...dataTransfer.items].filter(item => item.kind === 'file').map(item => ({
    file: item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => null),
    entry: item.webkitGetAsEntry?.(),
  }));
  const sources = [];
  for (const { file, handle, entry } of taken) {
    const opened = await handle;
    if (opened?.kind === 'directory') sources.push(...await Array.fromAsync(fromFolder(opened)));
    else if (opened) sources.push(fromFile(await opened.getFile(), opened));
    else if (entry?.isDirectory) sources.push(...await Array.fromAsync(fromEntry(entry, entry.name)));
    else if (file) sources.push(fromFile(file));
  }
  return sources;
}

async function* fromEntry(folder, prefix) {
  const reader = folder.createReader();
  while (true) {
    // At most a hundred entries a call.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      const path = `${prefix}/${entry.name}`;
      if (entry.isDirectory) yield* fromEntry(entry, path);
      else yield { ...fromFile(await new Promise((resolve, reject) => entry.file(resolve, reject))), path };
    }
  }
}

// The same files once more. Asks for permission where the browser wants to be asked, which needs a click (mayAsk). Null when
// some have no handle, or the permission is not given.
export async function reopen(files, mayAsk) {
  const opened = [];
  for (const { path, handle } of files) {
    if (!handle) return null;
    let permission = await handle.queryPermission({ mode: 'read' });
    if (permission === 'prompt' && mayAsk) permission = await handle.requestPermission({ mode: 'read' });
    if (permission !== 'granted') return null;
    opened.push({ ...fromFile(await handle.getFile(), handle), path });
  }
  return opened;
}

// Which of the chosen files are those that are asked for, by path; else by name, when names are enough to tell them apart.
export function match(files, chosen) {
  const byPath = new Map(chosen.map(source => [source.path, source]));
  const name = path => path.slice(path.lastIndexOf('/') + 1);
  const byName = new Map(chosen.map(source => [name(source.path), source]));
  const areNamesEnough = new Set(files.map(f => name(f.path))).size === files.length;
  return files.map(({ path }) => {
    const found = byPath.get(path) ?? (areNamesEnough ? byName.get(name(path)) : undefined);
    return found && { ...found, path };
  });
}
