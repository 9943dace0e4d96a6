// Texts of the room that hold what is looked for.

import { shownError } from '../common/fault.js';
import { shownName } from '../common/names.js';
import { t } from '../common/words.js';
import { $, button, element } from './dom.js';

const DELAY = 250;
const MAX_SHOWN = 300;

export class SearchView {
  #room;
  #show;
  #timer;

  // show(message): goes there, where that is loaded
  constructor(room, show) {
    this.#room = room;
    this.#show = show;
    $('find').addEventListener('click', () => this.#toggle());
    $('search').addEventListener('submit', e => { e.preventDefault(); this.#look(); });
    $('search').addEventListener('keydown', e => e.key === 'Escape' && this.#toggle());
    $('search-text').addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), DELAY);
    });
  }

  #toggle() {
    const isOpen = $('search').hidden;
    $('search').hidden = !isOpen;
    if (isOpen) $('search-text').focus();
    else $('find').focus();
  }

  async #look() {
    const text = $('search-text').value.trim();
    const list = $('found');
    if (!text) {
      list.replaceChildren();
      return;
    }
    try {
      const found = await this.#room.search(text);
      if (text !== $('search-text').value.trim()) return;
      list.replaceChildren(...found.map(message => this.#row(message)), ...found.length === 0 ? [element('li', 'hint', t('nothing-found'))] : []);
    } catch (error) {
      list.replaceChildren(element('li', 'hint', shownError(error)));
    }
  }

  #row(message) {
    const row = element('li');
    const open = button('', '', () => this.#show(message));
    open.append(element('small', '', `${shownName(message.from)} · ${new Date(message.receivedAt).toLocaleString(document.documentElement.lang)}`), element('span', '', message.text.slice(0, MAX_SHOWN)));
    row.append(open);
    return row;
  }
}
