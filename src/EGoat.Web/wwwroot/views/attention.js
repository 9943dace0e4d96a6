// Somebody who looks elsewhere learns that there is something new.

import { shownName } from '../common/names.js';
import { t } from '../common/words.js';
import { ask, beep, canAsk, notify, showCount } from '../effects/attention.js';
import { hasSound, setSound } from '../effects/settings.js';
import { clear, raise } from './alarms.js';
import { $, button } from './dom.js';

const MAX_ANNOUNCED = 200;

export class Attention {
  #room;
  #unread = 0;
  #muted = new Set();
  #isAtEnd = () => true;

  // isAtEnd(): whether the newest is in sight
  constructor(room, isAtEnd) {
    this.#room = room;
    this.#isAtEnd = isAtEnd;
    $('sound').checked = hasSound();
    $('sound').addEventListener('change', e => setSound(e.target.checked));
    document.addEventListener('visibilitychange', () => this.seen());
    this.#show();
  }

  isMuted(identity) {
    return this.#muted.has(identity);
  }

  mute(identity, isMuted) {
    if (isMuted) this.#muted.add(identity);
    else this.#muted.delete(identity);
  }

  // Something has come from a peer.
  came(identity, name, text) {
    this.announce(`${shownName(name)}: ${text}`);
    if (this.#muted.has(identity) || !document.hidden && this.#isAtEnd()) return;
    this.#unread++;
    this.#show();
    if (hasSound()) beep();
    if (!document.hidden) return;
    notify(shownName(name), text.slice(0, MAX_ANNOUNCED));
    if (canAsk()) raise('notify', t('notify-question'), button('', t('notify-me'), async () => {
      await ask();
      clear('notify');
    }));
  }

  announce(text) {
    $('announcer').textContent = text.slice(0, MAX_ANNOUNCED);
  }

  seen() {
    if (document.hidden || this.#unread === 0) return;
    this.#unread = 0;
    this.#show();
  }

  #show() {
    showCount(this.#unread, `${this.#room.name} · E-Goat`);
  }
}
