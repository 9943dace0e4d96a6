// How others come in: a picture of the link, the link, and what they and whoever shares it should know.

import { qrCode } from '../common/qr.js';
import { t } from '../common/words.js';
import { invitation, isLoopback, isSelfSigned } from '../effects/link.js';
import { button, element, qrPicture } from './dom.js';

const SHARE_COMMAND = 'egoat serve --listen 0.0.0.0:4747';

export class InvitationView {
  #element;
  #room;
  #notice;
  #waiting = element('p', 'waiting');
  #isEmpty = false;
  #isAsked = false;

  constructor(view, room, notice) {
    this.#element = view;
    this.#room = room;
    this.#notice = notice;
    this.#build();
  }

  get isShown() {
    return !this.#element.hidden;
  }

  // Stands open while nobody else is there.
  showEmpty(isEmpty) {
    this.#isEmpty = isEmpty;
    this.#update();
  }

  toggle() {
    this.#isAsked = !this.isShown;
    if (!this.#isAsked) this.#isEmpty = false;
    this.#update();
    if (this.#isAsked) this.#element.querySelector('button').focus();
  }

  #update() {
    this.#element.hidden = !this.#isEmpty && !this.#isAsked;
    this.#waiting.textContent = this.#isEmpty ? t('waiting-for-somebody') : '';
  }

  #build() {
    const link = invitation(this.#room.name);
    const rows = qrCode(link);
    const shown = element('input', 'link');
    shown.value = link;
    shown.readOnly = true;
    shown.setAttribute('aria-label', t('link'));
    shown.addEventListener('focus', () => shown.select());
    const copy = button('copy primary', t('copy-link'), async () => {
      try {
        await navigator.clipboard.writeText(link);
      } catch {
        shown.select();
        if (!document.execCommand('copy')) throw new Error(t('copy-yourself'));
      }
      copy.textContent = t('copied');
      setTimeout(() => { copy.textContent = t('copy-link'); }, 3000);
    }, this.#notice);
    const about = element('div', 'about');
    about.append(element('h2', '', t('invite-title')), this.#waiting, shown, copy);
    if (navigator.share && !isLoopback()) about.append(button('share', t('share'), () => navigator.share({ url: link }), this.#notice));
    about.append(...this.#truths());
    this.#element.replaceChildren(...rows ? [qrPicture(rows, t('qr'))] : [], about);
  }

  #truths() {
    const truths = [];
    if (isLoopback()) {
      const truth = element('p', 'truth', t('only-this-machine'));
      truth.append(element('code', '', SHARE_COMMAND));
      truths.push(truth);
    }
    if (isSelfSigned()) truths.push(element('p', 'truth', t('self-signed')));
    truths.push(element('p', 'hint', t('open-room')));
    return truths;
  }
}
