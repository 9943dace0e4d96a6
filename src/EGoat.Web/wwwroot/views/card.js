// A card of the timeline: files that were sent or offered together, with what can be done.

import { shownName } from '../common/names.js';
import { shownSize } from '../common/units.js';
import { shownClock, t } from '../common/words.js';
import { canSaveAll, saveAll } from '../effects/saving.js';
import { CardFiles } from './card-files.js';
import { Speed, combine, shortStatus, status } from './card-status.js';
import { button, element, icon, isolated } from './dom.js';
import { avatar } from './text-row.js';
import { isImage, kindOf, thumbnail } from './thumbnail.js';

const MAX_FAILURES = 3;
const ENDED = ['completed', 'failed', 'rejected', 'cancelled', 'interrupted', 'needs-file'];
const MOVING = ['checking', 'active', 'paused', 'offered', 'waiting', 'interrupted'];

export class Card {
  element = element('li', 'card');
  #state;
  #shape;
  #transfers;
  #notice;
  #item;
  #picture = element('span', 'picture');
  #what = element('span', 'what');
  #how = element('span', 'how');
  #actions = element('span', 'actions');
  #progress = element('progress');
  #chips = element('ul', 'chips');
  #files;
  #hasThumbnail = false;
  // While its files are being saved into a folder: what ends that.
  #saving;
  #speed = new Speed();

  // transfers: what the user does; see Transfers.
  constructor(item, transfers, notice) {
    this.#transfers = transfers;
    this.#notice = notice;
    this.#files = new CardFiles(file => transfers.content(file), notice);
    const first = [...item.transfers.values()][0];
    this.element.classList.toggle('own', first.isOwn);
    const from = element('span', 'from');
    const time = element('time', '', shownClock(new Date(item.at)));
    from.append(first.isOwn ? t('you') : isolated('', shownName(first.peer)), ' · ', time);
    const frame = element('div', 'frame');
    frame.append(this.#picture, this.#what, this.#how, this.#progress, this.#chips, this.#files.element, this.#actions);
    this.element.append(avatar(first.isOwn ? '' : first.identity, shownName(first.peer)), from, frame);
  }

  isOtherState(item) {
    return combine([...item.transfers.values()]).state !== this.#state;
  }

  show(item) {
    this.#item = item;
    if (this.#saving) return;
    const all = [...item.transfers.values()];
    const transfer = combine(all);
    const { state, files, length } = transfer;
    const done = transfer.before + transfer.transferred + transfer.resumed;
    this.#how.textContent = all.length > 1 && state === 'completed' ? shownSize(all[0].length) : status(transfer, done, this.#speed.measure(state, transfer.transferred));
    this.#progress.hidden = !MOVING.includes(state);
    this.#progress.setAttribute('aria-label', t('progress'));
    if (length >= 0) {
      this.#progress.max = Math.max(1, length);
      this.#progress.value = done;
    }
    this.#showChips(all);
    const shape = `${state} ${all.length} ${pauseLabel(transfer)} ${files.length}`;
    if (this.#shape === shape) return;
    this.#shape = shape;
    this.#state = this.element.dataset.state = state;
    this.#files.forget();
    this.element.dataset.hash = files.length === 1 ? files[0].hash ?? '' : '';
    this.#what.replaceChildren(...title(transfer, all));
    this.#showPicture(transfer);
    const focused = this.#actions.contains(document.activeElement) ? document.activeElement.className : undefined;
    this.#actions.replaceChildren(...this.#buttons(transfer));
    if (focused) (this.#actions.querySelector(`.${focused.split(' ')[0]}`) ?? this.#actions.querySelector('button'))?.focus();
    this.#files.show(transfer);
    if (state === 'completed' && !transfer.isOwn && files.length === 1) this.#files.addSave(this.#actions, files[0], true);
  }

  end() {
    this.#saving?.abort();
    this.#files.forget();
    this.element.remove();
  }

  async #showPicture({ files, isOwn, state }) {
    if (this.#hasThumbnail || files.length === 0) return;
    this.#picture.replaceChildren(icon(files.length > 1 ? 'folder' : kindOf(files[0].path)));
    if (isOwn || state !== 'completed' || files.length !== 1 || !isImage(files[0].path) || !files[0].file) return;
    const drawn = await thumbnail(await this.#transfers.content(files[0].file).catch(() => null));
    if (!drawn) return;
    this.#hasThumbnail = true;
    this.#picture.replaceChildren(drawn);
    this.element.classList.add('pictured');
  }

  // Receivers, where there are several, each with its own state.
  #showChips(all) {
    if (all.length < 2) {
      this.#chips.replaceChildren();
      return;
    }
    all.forEach((transfer, i) => {
      const chip = this.#chips.children[i] ?? this.#chips.appendChild(element('li', 'chip'));
      chip.dataset.state = transfer.state;
      chip.title = transfer.error ?? '';
      chip.replaceChildren(isolated('', shownName(transfer.peer)), ` ${shortStatus(transfer)}`);
    });
    for (const chip of [...this.#chips.children].slice(all.length)) chip.remove();
  }

  #keys(condition = () => true) {
    return [...this.#item.transfers.values()].filter(condition).map(transfer => transfer.key);
  }

  #buttons(transfer) {
    const { state, files, isPaused, hasHandles, isOwn } = transfer;
    const buttons = [];
    const add = (className, label, act) => buttons.push(button(className, label, act, this.#notice));
    const running = other => !ENDED.includes(other.state);
    if (state === 'asking') {
      const [key] = this.#keys();
      add('accept', files.length <= 1 ? t('accept') : t('accept-all'), () => this.#transfers.decide(key, files.map((_, i) => i)));
      if (files.length > 1) add('accept-some', t('accept-some'), () => this.#transfers.decide(key, this.#files.selected(files)));
      add('reject', t('reject'), () => this.#transfers.decide(key, null));
    } else if (!ENDED.includes(state)) {
      if (pauseLabel(transfer)) add('pause', pauseLabel(transfer), () => this.#keys(running).forEach(key => this.#transfers.pause(key, !isPaused)));
      add('cancel', t('cancel'), () => this.#keys(running).forEach(key => this.#transfers.cancel(key)));
    } else {
      const again = other => other.state === 'needs-file' || other.state === 'failed';
      if (isOwn && (state === 'needs-file' || state === 'failed')) {
        if (hasHandles) add('continue', t('continue'), () => Promise.all(this.#keys(again).map(key => this.#transfers.again(key))));
        buttons.push(this.#chooser(files, () => this.#keys(again)));
      }
      if (canSaveAll() && savable(transfer).length > 1) add('save-all', t('save-all'), () => this.#saveAll(transfer));
      add('remove', state === 'completed' && !isOwn ? t('delete') : t('remove'), () => Promise.all(this.#keys().map(key => this.#transfers.remove(key))));
    }
    return buttons;
  }

  // The card shows the progress of it, and at its end how it went.
  async #saveAll(transfer) {
    const root = await window.showDirectoryPicker({ id: 'egoat', mode: 'readwrite', startIn: 'downloads' });
    const files = savable(transfer);
    const length = files.reduce((bytes, f) => bytes + f.length, 0);
    const saving = this.#saving = new AbortController();
    const show = (saved, bytes) => {
      this.#how.textContent = t('saving', { saved, all: files.length, done: shownSize(bytes), size: shownSize(length) });
      this.#progress.value = bytes;
    };
    this.#actions.replaceChildren(button('stop', t('stop'), () => saving.abort()));
    this.#progress.max = Math.max(1, length);
    this.#progress.hidden = false;
    show(0, 0);
    const { saved, failures } = await saveAll(root, files, file => this.#transfers.content(file), show, saving.signal);
    this.#saving = this.#shape = undefined;
    this.show(this.#item);
    const rest = failures.length > MAX_FAILURES ? t('and-more', { count: failures.length - MAX_FAILURES }) : '';
    const reasons = failures.slice(0, MAX_FAILURES).map(({ path, reason }) => ` '${shownName(path)}': ${shownName(reason)}.`).join('');
    this.#how.textContent = `${t('saved', { saved, all: files.length, folder: shownName(root.name) })}${reasons}${rest}`;
    this.element.dataset.unsaved = files.length - saved;
  }

  #chooser(files, keys) {
    const label = element('label', 'again button', files.length === 1 ? t('choose-again') : t('choose-all-again'));
    const input = element('input');
    input.type = 'file';
    input.multiple = files.length > 1;
    input.webkitdirectory = files.some(f => f.path.includes('/'));
    input.addEventListener('change', async () => {
      try {
        for (const key of keys()) await this.#transfers.again(key, [...input.files]);
      } catch (error) {
        this.#notice(error.shown ?? error.message);
      }
    });
    label.append(input);
    return label;
  }
}

// The files that lie in this browser.
const savable = ({ isOwn, files }) => isOwn ? [] : files.filter(f => f.file);

const pauseLabel = ({ canPause, isPaused }) => canPause ? isPaused ? t('resume') : t('pause') : undefined;

function title({ files, isOwn, peer, state, length, count = files.length }, all) {
  const what = files.length === 1 ? isolated('name', shownName(files[0].path)) : t('files', { count });
  const who = all.length > 1 ? t('people-count', { count: all.length }) : isolated('peer', shownName(peer));
  if (files.length === 0) return fill('transfer-from', { who });
  if (state === 'asking') return fill('offers', { who, what, size: shownSize(length) });
  return fill(isOwn ? 'to' : 'from', { what, who });
}

// A text whose places take elements.
function fill(key, values) {
  const marks = Object.fromEntries(Object.keys(values).map(name => [name, `\u0001${name}\u0001`]));
  return t(key, marks).split('\u0001').map((part, i) => i % 2 === 1 ? values[part] : part);
}
