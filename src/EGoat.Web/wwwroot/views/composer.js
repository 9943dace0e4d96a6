// Where one writes: a text that grows, to everybody or to one person, with a draft that is kept; files that are chosen or pasted.

import { shownError } from '../common/fault.js';
import { shownName } from '../common/names.js';
import { MAX_TEXT_BYTES } from '../common/protocol.js';
import { t } from '../common/words.js';
import { saveDraft, savedDraft } from '../effects/settings.js';
import { fromFile, fromFolder } from '../effects/sources.js';
import { bytesOf } from '../state/texts.js';
import { $, button } from './dom.js';

const NEAR_LIMIT = 0.8;

export class Composer {
  #room;
  #host;
  #text = $('text');
  #person;

  // host: send(text, identity), sendSources(promise of sources, identity), notice(text)
  constructor(room, host) {
    this.#room = room;
    this.#host = host;
    const compose = $('compose');
    compose.addEventListener('submit', e => { e.preventDefault(); this.#send(); });
    this.#text.value = savedDraft(room.name);
    this.#text.addEventListener('input', () => this.#changed());
    this.#text.addEventListener('keydown', e => this.#key(e));
    this.#text.addEventListener('paste', e => this.#paste(e));
    for (const id of ['file', 'folder']) $(id).addEventListener('change', e => this.#chosen(e));
    $('file').addEventListener('click', e => this.#pick(e, window.showOpenFilePicker && pickFiles));
    $('folder').addEventListener('click', e => this.#pick(e, window.showDirectoryPicker && pickFolder));
    this.#changed();
  }

  get identity() {
    return this.#person?.identity;
  }

  // Whom one writes to; undefined for everybody.
  choose(person) {
    this.#person = person;
    const to = $('to');
    to.hidden = !person;
    $('compose').classList.toggle('private', Boolean(person));
    if (person) {
      to.replaceChildren(t('only-to', { name: shownName(person.name) }), button('everybody', t('everybody'), () => this.choose(undefined)));
    }
    this.#text.focus();
  }

  focus() {
    this.#text.focus();
  }

  // What was chosen stays in the box until it is sent.
  #send() {
    const text = this.#text.value;
    if (text.trim().length === 0) return;
    try {
      this.#host.send(text, this.identity);
    } catch (error) {
      this.#host.notice(shownError(error));
      return;
    }
    this.#text.value = '';
    this.#changed();
  }

  #key(e) {
    // Enter that ends the choice of a word in an input method sends nothing.
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      this.#send();
    } else if (e.key === 'Escape' && this.#person) {
      this.choose(undefined);
    }
  }

  #changed() {
    const { value } = this.#text;
    saveDraft(this.#room.name, value);
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
    // Three bytes a character at most: only what is long is counted.
    const bytes = 3 * value.length > NEAR_LIMIT * MAX_TEXT_BYTES ? bytesOf(value) : 0;
    const isTooLong = bytes > MAX_TEXT_BYTES;
    $('length').textContent = bytes > NEAR_LIMIT * MAX_TEXT_BYTES ? t(isTooLong ? 'too-long-by' : 'bytes-left', { count: Math.abs(MAX_TEXT_BYTES - bytes) }) : '';
    $('length').classList.toggle('alarm', isTooLong);
    $('send').disabled = isTooLong;
    if (value) this.#room.typing();
  }

  #paste(e) {
    const files = [...e.clipboardData?.files ?? []];
    if (files.length === 0) return;
    e.preventDefault();
    this.#host.sendSources(files.map(file => fromFile(file)), this.identity);
  }

  #chosen(e) {
    this.#host.sendSources([...e.target.files].map(file => fromFile(file)), this.identity);
    e.target.value = '';
  }

  // A picker gives handles, with which a reloaded page can go on by itself; where there is none, the input serves.
  #pick(e, open) {
    if (!open) return;
    e.preventDefault();
    this.#host.sendSources(open(), this.identity);
  }
}

async function pickFiles() {
  const handles = await window.showOpenFilePicker({ multiple: true });
  return Promise.all(handles.map(async handle => fromFile(await handle.getFile(), handle)));
}

const pickFolder = async () => Array.fromAsync(fromFolder(await window.showDirectoryPicker()));
