// The page: opens a room where the address names one, else the ways into one.

import { ownName } from './common/names.js';
import { proposeName } from './common/nicknames.js';
import { chooseLanguage, t } from './common/words.js';
import { enterAddress, leaveAddress, roomOfAddress, takeToken } from './effects/link.js';
import { saveName, savedName } from './effects/settings.js';
import { raise } from './views/alarms.js';
import { $, confirmed, fillTexts } from './views/dom.js';
import { showLanding } from './views/landing.js';
import { RoomView } from './views/room.js';

// A goodbye needs a moment to leave.
const GOODBYE = 150;

let view;
let isLeaving = false;

async function open(room, name) {
  $('landing').hidden = true;
  enterAddress(room);
  view = new RoomView(room, name, leave);
  try {
    await view.open();
  } catch (error) {
    raise('open', error.shown ?? error.message);
  }
}

function leave() {
  isLeaving = true;
  view.room.leave();
  leaveAddress();
  setTimeout(() => location.reload(), GOODBYE);
}

// Another link on an open page, or the history of the browser.
async function addressChanged() {
  if (takeToken()) view?.renewed();
  const room = roomOfAddress();
  if (room === (view?.room.name ?? null)) return;
  if (view?.isBusy && !await confirmed(t('leave-question'), t('leave'))) {
    enterAddress(view.room.name);
    return;
  }
  isLeaving = true;
  view?.room.leave();
  setTimeout(() => location.reload(), view ? GOODBYE : 0);
}

// A page that closes in the middle of a transfer may be one that reloads: it does not say goodbye, and joins again by itself.
function hide() {
  if (view?.isBusy) view.room.vanish();
  else view?.room.leave();
}

function warn(e) {
  if (!isLeaving && view?.isBusy) e.preventDefault();
}

async function start() {
  takeToken();
  document.documentElement.lang = await chooseLanguage();
  fillTexts();
  window.addEventListener('hashchange', addressChanged);
  window.addEventListener('pagehide', hide);
  window.addEventListener('pageshow', e => e.persisted && location.reload());
  window.addEventListener('beforeunload', warn);
  // A file that falls beside must not replace the page.
  for (const type of ['dragover', 'drop']) window.addEventListener(type, e => e.preventDefault());
  const name = ownName(savedName() ?? '') ?? proposeName();
  saveName(name);
  const room = roomOfAddress();
  if (!window.isSecureContext) {
    raise('insecure', t('insecure'));
    $('make').disabled = $('join').disabled = true;
  }
  if (room && window.isSecureContext) open(room, name);
  else showLanding(name, open);
  // Only where browsers allow it: nothing depends on it.
  if (window.isSecureContext) navigator.serviceWorker?.register('sw.js').catch(() => {});
}

start();
