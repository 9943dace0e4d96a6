// A text and who has it; a line about what happens in the room.

import { hueOf } from '../common/nicknames.js';
import { shownName } from '../common/names.js';
import { shownClock, t } from '../common/words.js';
import { element } from './dom.js';
import { richText } from './rich-text.js';

const list = names => new Intl.ListFormat(document.documentElement.lang).format(names);

export function avatar(identity, name) {
  const made = element('span', 'avatar', [...name.trim()][0]?.toLocaleUpperCase() ?? '?');
  made.style.setProperty('--hue', hueOf(identity));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

export class TextRow {
  element = element('li', 'message');
  #text = element('div', 'text');
  #receipt = element('span', 'receipt');
  #unkept = element('span', 'unkept');
  #isShown = false;
  #notice;

  constructor(notice) {
    this.#notice = notice;
  }

  show({ message, isOwn, isKept, delivery }) {
    if (!this.#isShown) this.#build(message, isOwn);
    this.#isShown = true;
    this.#unkept.textContent = isKept ? '' : t('not-kept');
    if (delivery) this.#showDelivery(delivery);
  }

  end() {}

  #build(message, isOwn) {
    this.element.classList.toggle('own', isOwn);
    this.element.classList.toggle('private', message.private === true);
    const name = shownName(message.from);
    const time = element('time', '', shownClock(new Date(message.receivedAt)));
    time.dateTime = message.receivedAt;
    time.title = new Date(message.sentAt).toLocaleString();
    const from = element('span', 'from');
    from.append(...isOwn ? [] : [element('bdi', '', name), ' · '], time);
    if (message.private) from.append(` · ${t('private')}`);
    this.#text.dir = 'auto';
    this.#text.append(...richText(message.text, this.#notice));
    const foot = element('span', 'foot');
    foot.append(this.#unkept, this.#receipt);
    this.element.append(avatar(message.fromIdentity, name), from, this.#text, foot);
  }

  #showDelivery({ recipients, connecting, isComplete }) {
    const names = some => list(some.map(r => shownName(r.name)));
    const [have, wait] = [recipients.filter(r => r.isConfirmed), recipients.filter(r => !r.isConfirmed)];
    const away = wait.filter(r => !r.isPresent);
    const has = have.length > 0 ? t('has-it', { names: names(have) }) : '';
    if (isComplete) this.#receipt.textContent = '✓';
    else if (recipients.length === 0) this.#receipt.textContent = connecting > 0 ? t('sending') : t('nobody-here');
    else if (wait.length === 0) this.#receipt.textContent = t('somebody-missed');
    else if (away.length > 0) this.#receipt.textContent = t('waits-until-back', { names: names(away) });
    else this.#receipt.textContent = t('waiting-for', { names: names(wait) });
    this.#receipt.title = [has, wait.length > 0 ? t('waiting-for', { names: names(wait) }) : ''].filter(Boolean).join('\n');
    this.#receipt.dataset.state = isComplete ? 'confirmed' : 'waiting';
    if (isComplete) this.#receipt.setAttribute('aria-label', has);
    else this.#receipt.removeAttribute('aria-label');
    this.#receipt.setAttribute('role', isComplete ? 'img' : 'note');
  }
}

export class NoticeRow {
  element = element('li', 'notice');

  show({ text, tone }) {
    this.element.textContent = text;
    if (tone) this.element.classList.add(tone);
  }

  end() {}
}
