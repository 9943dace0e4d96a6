// Files dropped anywhere on the page: on a person for that one, elsewhere for whom the composer writes to. What goes to everybody
// can be taken back for two seconds.

import { shownName } from '../common/names.js';
import { t } from '../common/words.js';
import { fromDrop } from '../effects/sources.js';
import { $, button, element } from './dom.js';

const UNDO_TIME = 2000;

export class DropZone {
  #room;
  #composer;
  #send;
  #zone = $('drop');
  #depth = 0;

  // send(sources, identity)
  constructor(room, composer, send) {
    this.#room = room;
    this.#composer = composer;
    this.#send = send;
    window.addEventListener('dragenter', e => this.#enter(e));
    window.addEventListener('dragover', e => this.#over(e));
    window.addEventListener('dragleave', () => --this.#depth <= 0 && this.#hide());
    window.addEventListener('drop', e => this.#drop(e));
  }

  #enter(e) {
    e.preventDefault();
    this.#depth++;
    this.#zone.hidden = false;
    this.#say(e);
  }

  #over(e) {
    e.preventDefault();
    this.#say(e);
  }

  #say(e) {
    const person = this.#personAt(e);
    const text = person ? t('drop-to', { name: shownName(person.name) }) : t('drop-to-all', { room: this.#room.name });
    if (this.#zone.textContent !== text) this.#zone.textContent = text;
    for (const item of document.querySelectorAll('#peers li')) item.classList.toggle('dropping', item.dataset.identity === person?.identity && Boolean(person));
  }

  #personAt(e) {
    const at = document.elementFromPoint(e.clientX, e.clientY)?.closest('#peers li');
    const identity = at?.dataset.identity ?? this.#composer.identity;
    return identity ? this.#room.people.find(person => person.identity === identity) : undefined;
  }

  #hide() {
    this.#depth = 0;
    this.#zone.hidden = true;
    document.querySelector('#peers li.dropping')?.classList.remove('dropping');
  }

  async #drop(e) {
    e.preventDefault();
    const person = this.#personAt(e);
    this.#hide();
    if (!e.dataTransfer || e.dataTransfer.types.length > 0 && !e.dataTransfer.types.includes('Files')) return;
    // What was dropped must be taken from the event at once.
    const sources = fromDrop(e.dataTransfer);
    if (person || await this.#isKept()) this.#send(sources, person?.identity);
  }

  #isKept() {
    return new Promise(resolve => {
      const bar = element('div', 'undo');
      bar.setAttribute('role', 'status');
      const end = isKept => {
        clearTimeout(timer);
        bar.remove();
        resolve(isKept);
      };
      const timer = setTimeout(() => end(true), UNDO_TIME);
      bar.append(element('span', '', t('sending-to-all')), button('take-back', t('undo'), () => end(false)));
      $('talk').append(bar);
    });
  }
}
