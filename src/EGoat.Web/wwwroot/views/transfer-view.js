// The list of transfers: what is offered, what runs and how fast, what was received and can be saved.

import { downloadName, shownName } from '../common/names.js';
import { canSaveAll, saveAll } from '../effects/saving.js';
import { shownSize, shownTime } from '../common/units.js';

const REFRESH = 100;
const PORTION = 200;

// Ended transfers to this page of which nothing is kept; older ones leave the list, which a peer could fill otherwise.
const MAX_IDLE = 20;
const MAX_FAILURES = 3;
const SAMPLE = 500;
const SMOOTHING = 0.3;
const IDLE = ['failed', 'rejected', 'cancelled'];
const ENDED = ['completed', 'failed', 'rejected', 'cancelled', 'interrupted', 'needs-file'];

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A text from elsewhere whose direction of writing cannot spread to what is around it.
const isolated = (className, text) => element('bdi', className, text);

export class TransferView {
  #list;
  #transfers;
  #notice;
  #rows = new Map();
  #changed = new Map();
  #isScheduled = false;
  #offers;
  // Keys, the oldest first.
  #idle = new Set();

  // list: where the rows go. offers: shown while several wait for an answer. transfers: what the user does; see Transfers.
  // notice(text)
  constructor(list, offers, transfers, notice) {
    this.#list = list;
    this.#offers = offers;
    offers.querySelector('button').onclick = () => transfers.rejectAll();
    this.#transfers = transfers;
    this.#notice = notice;
  }

  // States show at once, progress ten times a second.
  show(transfer) {
    this.#changed.set(transfer.key, transfer);
    if (this.#rows.get(transfer.key)?.state !== transfer.state) this.#refresh();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setTimeout(() => this.#refresh(), REFRESH);
    }
  }

  remove(key) {
    this.#changed.delete(key);
    this.#idle.delete(key);
    const row = this.#rows.get(key);
    if (!row) return;
    row.forgetContent();
    row.item.remove();
    this.#rows.delete(key);
    this.#countOffers();
  }

  #refresh() {
    this.#isScheduled = false;
    for (const [key, transfer] of this.#changed) {
      let row = this.#rows.get(key);
      if (!row) {
        row = new Row(key, this.#transfers, this.#notice);
        this.#rows.set(key, row);
        this.#list.append(row.item);
        row.item.scrollIntoView({ block: 'nearest' });
      }
      row.show(transfer);
      if (!transfer.isOwn && IDLE.includes(transfer.state)) this.#idle.add(key);
    }
    this.#changed.clear();
    for (const key of [...this.#idle].slice(0, -MAX_IDLE)) this.remove(key);
    this.#countOffers();
  }

  #countOffers() {
    const count = [...this.#rows.values()].filter(row => row.state === 'asking').length;
    this.#offers.hidden = count < 2;
    this.#offers.querySelector('span').textContent = `${count} offers wait for your answer.`;
  }
}

class Row {
  item = element('li');
  state;
  #key;
  #transfers;
  #notice;
  #what = element('span', 'what');
  #how = element('span', 'how');
  #actions = element('span', 'actions');
  #progress = element('progress');
  #body = element('div', 'body');
  #hasPause;
  #urls = [];
  // While its files are being saved into a folder: what ends that.
  #saving;
  #speed = new Speed();

  constructor(key, transfers, notice) {
    this.#key = key;
    this.#transfers = transfers;
    this.#notice = notice;
    this.item.append(this.#what, this.#how, this.#actions, this.#progress, this.#body);
  }

  show(transfer) {
    const { state, files, length } = transfer;
    if (this.#saving) return;
    const done = transfer.before + transfer.transferred + transfer.resumed;
    this.#how.textContent = status(transfer, done, this.#speed.measure(state, transfer.transferred));
    this.#progress.hidden = !['checking', 'active', 'paused', 'offered', 'waiting', 'interrupted'].includes(state);
    if (length >= 0) {
      this.#progress.max = Math.max(1, length);
      this.#progress.value = done;
    }
    if (this.state === state && this.#hasPause === pauseLabel(transfer)) return;
    this.#hasPause = pauseLabel(transfer);
    this.state = this.item.dataset.state = state;
    this.#forgetUrls();
    this.item.dataset.hash = files.length === 1 ? files[0].hash ?? '' : '';
    this.#what.replaceChildren(...title(transfer));
    this.#actions.replaceChildren(...this.#buttons(transfer));
    this.#showBody(transfer);
    if (state === 'completed' && !transfer.isOwn && files.length === 1) this.#addSave(this.#actions, files[0], true);
  }

  forgetContent() {
    this.#saving?.abort();
    this.#forgetUrls();
  }

  #forgetUrls() {
    this.#urls.forEach(url => URL.revokeObjectURL(url));
    this.#urls = [];
  }

  #buttons(transfer) {
    const { state, files, isPaused, hasHandles } = transfer;
    const buttons = [];
    const add = (className, label, act) => buttons.push(this.#button(className, label, act));
    if (state === 'asking') {
      add('accept', files.length === 1 ? 'Accept' : 'Accept all', () => this.#transfers.decide(this.#key, files.map((_, i) => i)));
      if (files.length > 1) add('accept-some', 'Accept selected', () => this.#transfers.decide(this.#key, this.#selected(files)));
      add('reject', 'Reject', () => this.#transfers.decide(this.#key, null));
    } else if (!ENDED.includes(state)) {
      if (pauseLabel(transfer)) add('pause', pauseLabel(transfer), () => this.#transfers.pause(this.#key, !isPaused));
      add('cancel', 'Cancel', () => this.#transfers.cancel(this.#key));
    } else {
      if (state === 'needs-file' || state === 'failed' && transfer.isOwn) {
        if (hasHandles) add('continue', 'Continue', () => this.#transfers.again(this.#key));
        buttons.push(this.#chooser(files));
      }
      if (canSaveAll() && savable(transfer).length > 1) add('save-all', 'Save all …', () => this.#saveAll(transfer));
      add('remove', state === 'completed' && !transfer.isOwn ? 'Delete' : 'Remove', () => this.#transfers.remove(this.#key));
    }
    return buttons;
  }

  #button(className, label, act) {
    const button = element('button', className, label);
    button.type = 'button';
    button.addEventListener('click', async () => {
      try {
        await act();
      } catch (error) {
        // Whoever closes a dialog wants nothing.
        if (error.name !== 'AbortError') this.#notice(error.message);
      }
    });
    return button;
  }

  // The row shows the progress of it, and at its end how it went.
  async #saveAll(transfer) {
    const root = await window.showDirectoryPicker({ id: 'egoat', mode: 'readwrite', startIn: 'downloads' });
    const files = savable(transfer);
    const length = files.reduce((bytes, f) => bytes + f.length, 0);
    const saving = this.#saving = new AbortController();
    const show = (saved, bytes) => {
      this.#how.textContent = `Saving: ${saved} of ${files.length} files, ${shownSize(bytes)} of ${shownSize(length)}`;
      this.#progress.value = bytes;
    };
    this.#actions.replaceChildren(this.#button('stop', 'Stop', () => saving.abort()));
    this.#progress.max = Math.max(1, length);
    this.#progress.hidden = false;
    show(0, 0);
    const { saved, failures } = await saveAll(root, files, file => this.#transfers.content(file), show, saving.signal);
    this.#saving = this.state = undefined;
    if (!this.item.isConnected) return;
    this.show(transfer);
    const rest = failures.length > MAX_FAILURES ? ` … and ${failures.length - MAX_FAILURES} more` : '';
    const reasons = failures.slice(0, MAX_FAILURES).map(({ path, reason }) => ` '${shownName(path)}': ${shownName(reason)}.`).join('');
    this.#how.textContent = `Saved ${saved} of ${files.length} files in '${shownName(root.name)}'.${reasons}${rest}`;
    this.item.dataset.unsaved = files.length - saved;
  }

  #chooser(files) {
    const label = element('label', 'again button', files.length === 1 ? 'Choose the file again' : 'Choose the files again');
    const input = element('input');
    input.type = 'file';
    input.multiple = files.length > 1;
    input.webkitdirectory = files.some(f => f.path.includes('/'));
    input.addEventListener('change', () => this.#transfers.again(this.#key, [...input.files]).catch(error => this.#notice(error.message)));
    label.append(input);
    return label;
  }

  #selected(files) {
    const boxes = [...this.#body.querySelectorAll('input[type=checkbox]')];
    return files.map((_, i) => i).filter(i => boxes[i]?.checked ?? true);
  }

  // The files, where there are several: to choose from, or to save.
  #showBody(transfer) {
    const { state, files, isOwn } = transfer;
    if (files.length === 1) {
      this.#body.replaceChildren();
      return;
    }
    const list = element('ul', 'files');
    const fill = from => {
      const end = Math.min(files.length, from + PORTION);
      for (let i = from; i < end; i++) list.append(this.#file(files[i], state, isOwn, i));
      if (end === files.length) return;
      const more = element('li', 'hint');
      more.append(this.#button('more', `Show more of the other ${files.length - end}`, () => {
        more.remove();
        fill(end);
      }));
      list.append(more);
    };
    if (state === 'asking') {
      fill(0);
      this.#body.replaceChildren(list);
      return;
    }
    const details = element('details');
    details.append(element('summary', '', `${files.length} files`), list);
    if (!canSaveAll() && savable(transfer).length > 1) list.append(element('li', 'hint', 'This browser cannot save them all at once into a folder: save one after another, or receive with another browser or with egoat.'));
    const hints = list.childElementCount;
    details.addEventListener('toggle', () => {
      if (list.childElementCount === hints) fill(0);
    });
    details.open = this.#body.querySelector('details')?.open ?? false;
    this.#body.replaceChildren(details);
  }

  #file(file, state, isOwn, index) {
    const item = element('li');
    const name = isolated('name', shownName(file.path));
    if (state === 'asking') {
      const label = element('label');
      const box = element('input');
      box.type = 'checkbox';
      box.checked = true;
      box.dataset.index = index;
      label.append(box, name);
      item.append(label);
    } else {
      item.append(name);
    }
    item.append(element('span', 'size', file.isWanted === false ? 'not wanted' : shownSize(file.length)));
    if (file.file && !isOwn) this.#addSave(item, file, false);
    return item;
  }

  // The link holds a file on disk, not its content.
  async #addSave(parent, file, isFirst) {
    if (!file.file) return;
    try {
      const content = await this.#transfers.content(file.file);
      if (!content) throw new Error(`${shownName(file.path)} is no longer in this browser.`);
      const link = element('a', 'save button', 'Save');
      // Of a type that no browser shows as a page of this origin, in whatever way the link is opened.
      link.href = URL.createObjectURL(content.slice(0, content.size, 'application/octet-stream'));
      link.download = downloadName(file.path);
      this.#urls.push(link.href);
      if (isFirst) parent.prepend(link);
      else parent.append(link);
    } catch (error) {
      this.#notice(error.message);
    }
  }
}

// Bytes a second, smoothed: from what has travelled, not from what did not have to.
class Speed {
  #at;
  #bytes;
  #rate;

  measure(state, transferred) {
    const now = performance.now();
    if (state !== 'active' || this.#at === undefined || transferred < this.#bytes) {
      this.#at = now;
      this.#bytes = transferred;
      this.#rate = undefined;
    } else if (now - this.#at >= SAMPLE) {
      const rate = 1000 * (transferred - this.#bytes) / (now - this.#at);
      this.#rate = this.#rate === undefined ? rate : SMOOTHING * rate + (1 - SMOOTHING) * this.#rate;
      this.#at = now;
      this.#bytes = transferred;
    }
    return this.#rate;
  }
}

// The files that lie in this browser.
const savable = ({ isOwn, files }) => isOwn ? [] : files.filter(f => f.file);

const pauseLabel = ({ canPause, isPaused }) => canPause ? isPaused ? 'Resume' : 'Pause' : undefined;

function title({ files, isOwn, peer, state, length }) {
  const what = files.length === 1 ? [isolated('name', shownName(files[0].path))] : [`${files.length} files`];
  const who = isolated('peer', shownName(peer));
  if (files.length === 0) return ['A transfer from ', who];
  if (state === 'asking') return [who, ' offers ', ...what, `, ${shownSize(length)}`];
  return [...what, isOwn ? ' to ' : ' from ', who];
}

function status({ state, error, length, resumed, isPaused, before }, done, rate) {
  const saved = resumed > 0 ? `, of which ${shownSize(resumed)} did not have to travel` : '';
  const part = length < 0 ? shownSize(done) : `${shownSize(done)} of ${shownSize(length)}`;
  switch (state) {
    case 'asking': return 'It is stored in this browser until you save or delete it.';
    case 'offered': return 'offered, waiting for an answer';
    case 'waiting': return before > 0 || done > 0 ? `${part}, waiting for them to come back` : 'waiting for them';
    case 'checking': return 'looking what is here already …';
    case 'active': {
      const left = rate > 0 && length >= 0 ? `, ${shownTime((length - done) / rate)} left` : '';
      return `${part}${rate > 0 ? `, ${shownSize(Math.round(rate))}/s` : ''}${left}${saved}`;
    }
    case 'paused': return `${part}, paused${isPaused ? '' : ' by them'}`;
    case 'completed': return `${shownSize(done)}${saved}`;
    case 'interrupted': return `${part}. ${error ?? ''}`;
    default: return error ?? state;
  }
}
