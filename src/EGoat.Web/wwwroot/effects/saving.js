// Saves received files into a folder that the user has picked: from disk to disk, under ordinary names, beside what is there.

import { numberedName, savePath } from '../common/names.js';

const MAX_NUMBER = 1000;

// Firefox and Safari have no such picker.
export const canSaveAll = () => typeof window.showDirectoryPicker === 'function';

// files: [{path, length, file}]. open(file): its content on disk. progress(files, bytes): what is done so far. signal: ends it
// early. Returns how many were saved, and for the others why not: [{path, reason}].
export async function saveAll(root, files, open, progress, signal) {
  const folders = new Map();
  const failures = [];
  let saved = 0;
  let before = 0;
  for (const { path, length, file } of files) {
    if (signal.aborted) break;
    try {
      const content = await open(file);
      if (!content) throw new Error('it is no longer in this browser');
      const components = savePath(path);
      const folder = await openFolder(root, folders, components.slice(0, -1));
      await save(content, folder, components.at(-1), bytes => progress(saved, before + bytes), signal);
      saved++;
    } catch (error) {
      if (signal.aborted) break;
      failures.push({ path, reason: error.message });
    }
    before += length;
    progress(saved, before);
  }
  return { saved, failures };
}

async function save(content, folder, name, progress, signal) {
  const handle = await makeFile(folder, name);
  let bytes = 0;
  const counter = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      progress(bytes += chunk.length);
    },
  });
  try {
    // Written beside the file, which has its content when the stream is closed and not before.
    await content.stream().pipeThrough(counter).pipeTo(await handle.createWritable(), { signal });
  } catch (error) {
    await folder.removeEntry(handle.name).catch(() => {});
    throw error;
  }
}

// The same folders for all files; those that are there already are used.
async function openFolder(root, folders, components) {
  let folder = root;
  let path = '';
  for (const component of components) {
    path += `${component}/`;
    const known = folders.get(path);
    folder = known ?? await makeFolder(folder, component);
    folders.set(path, folder);
  }
  return folder;
}

async function makeFolder(parent, name) {
  return firstFree(name, async candidate => {
    try {
      return await parent.getDirectoryHandle(candidate, { create: true });
    } catch (error) {
      if (error.name === 'TypeMismatchError') return null; // a file has the name
      throw error;
    }
  });
}

async function makeFile(folder, name) {
  return firstFree(name, async candidate => await isTaken(folder, candidate) ? null : folder.getFileHandle(candidate, { create: true }));
}

async function isTaken(folder, name) {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch (error) {
    if (error.name === 'NotFoundError') return false;
    if (error.name === 'TypeMismatchError') return true; // a folder has the name
    throw error;
  }
}

async function firstFree(name, make) {
  for (let number = 1; number <= MAX_NUMBER; number++) {
    const made = await make(number === 1 ? name : numberedName(name, number));
    if (made) return made;
  }
  throw new Error(`the name is taken ${MAX_NUMBER} times`);
}
