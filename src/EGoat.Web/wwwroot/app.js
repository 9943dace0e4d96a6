// The page: what people see and do. Everything that peers say is shown as text, never as markup.

import { openHistory, takeToken } from './effects/history.js';
import { shownName } from './common/names.js';
import { Room } from './state/room.js';
import { fromDrop, fromFile, fromFolder } from './effects/sources.js';
import { TransferView, element } from './views/transfer-view.js';

// Room and name of a page that was reloaded in the middle of a transfer.
const INTERRUPTED = 'egoat-interrupted';

const $ = id => document.getElementById(id);
const shown = new Map();
let room;
let transfers;

function append(item) {
  const list = $('messages');
  list.append(item);
  list.scrollTop = list.scrollHeight;
}

const view = {
  peers(peers) {
    $('peers').replaceChildren(...peers.map(peer => {
      const item = element('li', peer.state, peer.name ? shownName(peer.name) : 'connecting …');
      item.dataset.state = peer.state;
      if (peer.identity) item.append(element('small', '', peer.identity), refuseButton(peer.identity));
      return item;
    }));
  },

  message(message) {
    if (shown.has(message.id)) return;
    const item = element('li', message.direction === 'Sent' ? 'own' : '');
    const time = new Date(message.receivedAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    item.append(element('span', 'from', `${shownName(message.from)} · ${time}`), element('span', 'text', message.text));
    shown.set(message.id, item);
    append(item);
  },

  confirmed(id, left) {
    const item = shown.get(id);
    if (!item) return;
    const mark = item.querySelector('.receipt') ?? item.appendChild(element('span', 'receipt'));
    mark.textContent = left === 0 ? '✓' : `waiting for ${left}`;
  },

  transfer(transfer) {
    transfers.show(transfer);
  },

  removed(key) {
    transfers.remove(key);
  },

  status(text) {
    $('status').textContent = text;
  },

  notice(text) {
    append(element('li', 'notice', text));
  },
};

// Somebody who offers too much is not listened to any more.
function refuseButton(identity) {
  const isRefused = room?.transfers.isRefused(identity) === true;
  const button = element('button', 'refuse', isRefused ? 'Take files again' : 'Refuse files');
  button.type = 'button';
  button.addEventListener('click', () => {
    room.transfers.setRefused(identity, !isRefused);
    button.replaceWith(refuseButton(identity));
  });
  return button;
}

async function join() {
  const name = $('name').value.trim();
  const history = openHistory();
  localStorage.setItem('egoat-name', name);
  room = new Room($('room').value.trim(), name, history, view);
  transfers = new TransferView($('transfers'), $('offers'), room.transfers, view.notice);
  try {
    for (const message of await history.last(room.name)) view.message(message);
    await room.join();
  } catch (error) {
    view.status(error.message);
    return;
  }
  $('entry').hidden = true;
  $('chat').hidden = false;
  $('text').focus();
}

function send(e) {
  e.preventDefault();
  const text = $('text').value.trim();
  if (text.length === 0) return;
  $('text').value = '';
  room.send(text).catch(error => view.notice(error.message));
}

function leave() {
  room.leave();
  room = undefined;
  location.reload();
}

async function invite() {
  const link = `${location.origin}/#room=${encodeURIComponent(room.name)}`;
  await navigator.clipboard?.writeText(link).catch(() => {});
  view.notice(`Invite with ${link}`);
}

async function sendSources(sources) {
  try {
    const found = await sources;
    if (found.length === 0) view.notice('There are no files in it.');
    else room.sendFiles(found);
  } catch (error) {
    // Whoever closes a dialog wants nothing.
    if (error.name !== 'AbortError') view.notice(error.message);
  }
}

// A picker gives handles, with which a reloaded page can go on by itself; where there is none, the input serves.
function pick(e, open) {
  if (!open) return;
  e.preventDefault();
  sendSources(open());
}

async function pickFiles() {
  const handles = await window.showOpenFilePicker({ multiple: true });
  return Promise.all(handles.map(async handle => fromFile(await handle.getFile(), handle)));
}

const pickFolder = async () => Array.fromAsync(fromFolder(await window.showDirectoryPicker()));

function chosen(e) {
  sendSources([...e.target.files].map(file => fromFile(file)));
  e.target.value = '';
}

function drop(e) {
  e.preventDefault();
  document.querySelector('section').classList.remove('dropping');
  if (e.dataTransfer) sendSources(fromDrop(e.dataTransfer));
}

// A page that closes in the middle of a transfer may be one that reloads: it does not say goodbye, and joins again by itself.
function hide() {
  if (!room?.transfers.isBusy) {
    room?.leave();
    return;
  }
  sessionStorage.setItem(INTERRUPTED, JSON.stringify({ room: room.name, name: $('name').value }));
  room.vanish();
}

function goOn() {
  const interrupted = sessionStorage.getItem(INTERRUPTED);
  sessionStorage.removeItem(INTERRUPTED);
  if (!interrupted) return;
  const { room: name, name: displayName } = JSON.parse(interrupted);
  $('room').value = name;
  $('name').value = displayName;
  join();
}

takeToken();
$('name').value = localStorage.getItem('egoat-name') ?? '';
$('room').value = new URLSearchParams(location.hash.slice(1)).get('room') ?? 'lobby';
$('entry').addEventListener('submit', e => { e.preventDefault(); join(); });
$('compose').addEventListener('submit', send);
$('leave').addEventListener('click', leave);
$('invite').addEventListener('click', invite);
for (const id of ['file', 'folder']) $(id).addEventListener('change', chosen);
$('file').addEventListener('click', e => pick(e, window.showOpenFilePicker && pickFiles));
$('folder').addEventListener('click', e => pick(e, window.showDirectoryPicker && pickFolder));
const section = document.querySelector('section');
section.addEventListener('dragover', e => { e.preventDefault(); section.classList.add('dropping'); });
section.addEventListener('dragleave', () => section.classList.remove('dropping'));
section.addEventListener('drop', drop);
// A file that falls beside must not replace the page.
for (const type of ['dragover', 'drop']) window.addEventListener(type, e => e.preventDefault());
window.addEventListener('pagehide', hide);
if (window.isSecureContext) goOn();
else view.status('This page came over plain http from another machine: browsers then refuse identity and files. Use https.');
