// The page: what people see and do. Everything that peers say is shown as text, never as markup.

import { openHistory, takeToken } from './history.js';
import { Room } from './room.js';

const $ = id => document.getElementById(id);
const shown = new Map();
const transfers = new Map();
let room;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const size = bytes => bytes < 1024 ? `${bytes} B` : bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

function append(item) {
  const list = $('messages');
  list.append(item);
  list.scrollTop = list.scrollHeight;
}

const view = {
  peers(peers) {
    $('peers').replaceChildren(...peers.map(peer => {
      const item = element('li', peer.state, peer.name || 'connecting …');
      item.dataset.state = peer.state;
      if (peer.identity) item.append(element('small', '', peer.identity));
      return item;
    }));
  },

  message(message) {
    if (shown.has(message.id)) return;
    const item = element('li', message.direction === 'Sent' ? 'own' : '');
    const time = new Date(message.receivedAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    item.append(element('span', 'from', `${message.from} · ${time}`), element('span', 'text', message.text));
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
    let item = transfers.get(transfer.key);
    if (!item) {
      item = element('li');
      item.append(element('span', 'what'), element('span', 'how'), element('progress'));
      transfers.set(transfer.key, item);
      $('transfers').append(item);
    }
    item.dataset.state = transfer.state;
    item.dataset.hash = transfer.hash ?? '';
    item.querySelector('.what').textContent = `${transfer.name} ${transfer.isOwn ? 'to' : 'from'} ${transfer.peer}`;
    const how = item.querySelector('.how');
    how.classList.toggle('failed', transfer.state === 'failed');
    how.textContent = transfer.state === 'failed' ? transfer.error : transfer.state === 'completed' ? size(transfer.length) : `${size(transfer.transferred)} of ${size(transfer.length)}`;
    const progress = item.querySelector('progress');
    if (progress) {
      progress.max = Math.max(1, transfer.length);
      progress.value = transfer.transferred;
      if (transfer.state === 'completed' || transfer.state === 'failed') progress.remove();
    }
    if (transfer.blob) {
      const link = element('a', 'save', 'Save');
      link.href = URL.createObjectURL(transfer.blob);
      link.download = transfer.name;
      how.append(' ', link);
    }
  },

  status(text) {
    $('status').textContent = text;
  },

  notice(text) {
    append(element('li', 'notice', text));
  },
};

async function join(e) {
  e.preventDefault();
  const name = $('name').value.trim();
  const history = openHistory();
  localStorage.setItem('egoat-name', name);
  room = new Room($('room').value.trim(), name, history, view);
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
  location.reload();
}

async function invite() {
  const link = `${location.origin}/#room=${encodeURIComponent(room.name)}`;
  await navigator.clipboard?.writeText(link).catch(() => {});
  view.notice(`Invite with ${link}`);
}

function drop(e) {
  e.preventDefault();
  document.querySelector('section').classList.remove('dropping');
  if (e.dataTransfer?.files.length > 0) room.sendFiles([...e.dataTransfer.files]);
}

takeToken();
$('name').value = localStorage.getItem('egoat-name') ?? '';
$('room').value = new URLSearchParams(location.hash.slice(1)).get('room') ?? 'lobby';
$('entry').addEventListener('submit', join);
$('compose').addEventListener('submit', send);
$('leave').addEventListener('click', leave);
$('invite').addEventListener('click', invite);
$('file').addEventListener('change', e => { room.sendFiles([...e.target.files]); e.target.value = ''; });
const section = document.querySelector('section');
section.addEventListener('dragover', e => { e.preventDefault(); section.classList.add('dropping'); });
section.addEventListener('dragleave', () => section.classList.remove('dropping'));
section.addEventListener('drop', drop);
window.addEventListener('pagehide', () => room?.leave());
if (!window.isSecureContext) view.status('This page came over plain http from another machine: browsers then refuse identity and files. Use https.');
