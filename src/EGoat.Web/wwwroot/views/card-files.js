// The files of a card: to choose from, or to save.

import { downloadName, shownName } from '../common/names.js';
import { shownSize } from '../common/units.js';
import { t } from '../common/words.js';
import { canSaveAll } from '../effects/saving.js';
import { button, element, isolated } from './dom.js';

const PORTION = 200;

export class CardFiles {
  element = element('div', 'body');
  #content;
  #notice;
  #urls = [];

  // content(file): a received file on disk, or null
  constructor(content, notice) {
    this.#content = content;
    this.#notice = notice;
  }

  // The indices that are chosen of an offer; what was not looked at is chosen too.
  selected(files) {
    const boxes = [...this.element.querySelectorAll('input[type=checkbox]')];
    return files.map((_, i) => i).filter(i => boxes[i]?.checked ?? true);
  }

  forget() {
    this.#urls.forEach(url => URL.revokeObjectURL(url));
    this.#urls = [];
  }

  show({ state, files, isOwn, count = files.length }) {
    if (files.length <= 1) {
      this.element.replaceChildren();
      return;
    }
    const list = element('ul', 'files');
    if (state === 'asking') {
      this.#fill(list, files, state, isOwn, 0);
      this.element.replaceChildren(list);
      return;
    }
    const details = element('details');
    details.append(element('summary', '', t('files', { count })), list);
    if (!canSaveAll() && !isOwn && files.filter(f => f.file).length > 1) list.append(element('li', 'hint', t('save-one-by-one')));
    const hints = list.childElementCount;
    details.addEventListener('toggle', () => {
      if (list.childElementCount === hints) this.#fill(list, files, state, isOwn, 0);
    });
    details.open = this.element.querySelector('details')?.open ?? false;
    this.element.replaceChildren(details);
  }

  // The link holds a file on disk, not its content.
  async addSave(parent, file, isFirst) {
    if (!file.file) return;
    try {
      const content = await this.#content(file.file);
      if (!content) throw new Error(t('no-longer-here', { path: shownName(file.path) }));
      const link = element('a', 'save button', t('save'));
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

  #fill(list, files, state, isOwn, from) {
    const end = Math.min(files.length, from + PORTION);
    for (let i = from; i < end; i++) list.append(this.#file(files[i], state, isOwn, i));
    if (end === files.length) return;
    const more = element('li', 'hint');
    more.append(button('more', t('show-more', { count: files.length - end }), () => {
      more.remove();
      this.#fill(list, files, state, isOwn, end);
    }));
    list.append(more);
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
    item.append(element('span', 'size', file.isWanted === false ? t('not-wanted') : shownSize(file.length)));
    if (file.file && !isOwn) this.addSave(item, file, false);
    return item;
  }
}
