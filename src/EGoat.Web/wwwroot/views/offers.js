// Offers that wait for an answer are in sight wherever one reads.

import { shownName } from '../common/names.js';
import { shownSize } from '../common/units.js';
import { t } from '../common/words.js';
import { button } from './dom.js';

export class OffersView {
  #bar;
  #timeline;
  #view;
  #room;
  #announce;
  #announced = new Set();
  #shown;

  constructor(bar, timeline, view, room, announce) {
    this.#bar = bar;
    this.#timeline = timeline;
    this.#view = view;
    this.#room = room;
    this.#announce = announce;
  }

  // Called whenever the timeline was drawn or scrolled.
  update() {
    const waiting = [];
    for (const item of this.#timeline.items) {
      if (item.kind !== 'file') continue;
      const [transfer] = item.transfers.values();
      if (transfer?.state === 'asking' && transfer.files.length > 0) waiting.push({ item, transfer });
    }
    for (const { item, transfer } of waiting) {
      if (this.#announced.has(item.key)) continue;
      this.#announced.add(item.key);
      this.#announce(say(transfer));
    }
    const isNeeded = waiting.length > 1 || waiting.length === 1 && !this.#view.isInSight(waiting[0].item.key);
    const shown = isNeeded ? waiting.map(({ item }) => item.key).join() : '';
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#bar.hidden = !isNeeded;
    if (!isNeeded) return;
    const [{ item, transfer }] = waiting;
    const one = waiting.length === 1;
    this.#bar.firstElementChild.textContent = one ? say(transfer) : t('offers-wait', { count: waiting.length });
    const { transfers } = this.#room;
    this.#bar.lastElementChild.replaceChildren(
      button('show', t('show'), () => this.#view.show(item.key)),
      ...one ? [button('take', t('accept'), () => transfers.decide(transfer.key, transfer.files.map((_, i) => i)))] : [],
      button('reject-all', one ? t('reject') : t('reject-all'), () => transfers.rejectAll()));
  }
}

const say = ({ peer, files, length }) => t('offers', {
  who: shownName(peer), what: files.length === 1 ? shownName(files[0].path) : t('files', { count: files.length }), size: shownSize(length),
});
