// Who is in the room, and what can be done about somebody.

import { ownName, shownName } from '../common/names.js';
import { t } from '../common/words.js';
import { button, element, icon } from './dom.js';
import { avatar } from './text-row.js';

export class PeopleView {
  #list;
  #me;
  #typing;
  #room;
  #host;
  #people = [];

  // host: choose(person) whom one writes to; mute(identity), isMuted(identity); rename(name); files(sources, person) dropped on one;
  // notice(text)
  constructor(list, me, typing, room, host) {
    this.#list = list;
    this.#me = me;
    this.#typing = typing;
    this.#room = room;
    this.#host = host;
    this.#showMe();
  }

  show(people) {
    this.#people = people;
    const open = this.#list.querySelector('details[open]')?.dataset.key;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.closest('li')?.dataset.key : undefined;
    this.#list.replaceChildren(...people.map(person => this.#item(person, open)));
    if (focused) [...this.#list.children].find(item => item.dataset.key === focused)?.querySelector('summary, button')?.focus();
    this.#showTyping();
  }

  #showTyping() {
    const names = this.#people.filter(p => p.typingUntil > Date.now() && !p.isOwn).map(p => shownName(p.name));
    const text = names.length === 0 ? '' : t('is-typing', { count: names.length, names: new Intl.ListFormat(document.documentElement.lang).format(names) });
    if (this.#typing.textContent !== text) this.#typing.textContent = text;
  }

  #item(person, open) {
    const item = element('li', person.state);
    item.dataset.key = person.key;
    item.dataset.state = person.state;
    if (!person.identity) {
      item.append(avatar('', '…'), element('span', 'who', t('connecting')));
      return item;
    }
    item.dataset.identity = person.identity;
    const name = shownName(person.name) || t('no-name');
    const who = element('span', 'who');
    who.append(element('bdi', 'name', name));
    const more = [person.isOwn ? t('your-other-device') : '', person.words ?? '', person.devices > 1 ? t('devices', { count: person.devices }) : '', this.#state(person)];
    const said = more.filter(Boolean).join(' · ');
    if (said) who.append(element('small', '', said));
    item.append(avatar(person.identity, name), who, this.#menu(person, name, open));
    return item;
  }

  #state({ state, acceptsFiles, identity }) {
    if (state === 'disconnected') return t('away');
    if (this.#room.transfers.isRefused(identity)) return t('files-refused');
    return acceptsFiles ? '' : t('takes-no-files');
  }

  #menu(person, name, open) {
    const menu = element('details', 'menu');
    menu.dataset.key = person.key;
    menu.open = open === person.key;
    const summary = element('summary');
    summary.append(icon('more'));
    summary.setAttribute('aria-label', t('about', { name }));
    const { transfers } = this.#room;
    const isRefused = transfers.isRefused(person.identity);
    const isMuted = this.#host.isMuted(person.identity);
    const choices = element('div', 'choices');
    choices.append(
      button('write', t('write-privately'), () => this.#done(menu, () => this.#host.choose(person))),
      button('refuse', isRefused ? t('take-files') : t('refuse-files'), () => this.#done(menu, () => transfers.setRefused(person.identity, !isRefused))),
      button('mute', isMuted ? t('unmute') : t('mute'), () => this.#done(menu, () => this.#host.mute(person.identity, !isMuted))));
    const fingerprint = element('p', 'fingerprint', t('identity'));
    fingerprint.append(element('code', '', person.identity));
    choices.append(fingerprint);
    menu.append(summary, choices);
    menu.addEventListener('keydown', e => {
      if (e.key !== 'Escape') return;
      menu.open = false;
      summary.focus();
    });
    return menu;
  }

  #done(menu, act) {
    menu.open = false;
    act();
    this.show(this.#room.people);
  }

  #showMe() {
    const { displayName, identity } = this.#room;
    const change = button('rename', shownName(displayName), () => this.#edit());
    change.title = t('change-name');
    this.#me.replaceChildren(avatar(identity ?? '', displayName), change, element('small', '', t('you')));
  }

  #edit() {
    const form = element('form');
    const input = element('input');
    input.value = this.#room.displayName;
    input.maxLength = 200;
    input.setAttribute('aria-label', t('your-name'));
    const end = () => {
      const name = ownName(input.value);
      if (name && name !== this.#room.displayName) this.#host.rename(name);
      this.#showMe();
    };
    form.addEventListener('submit', e => { e.preventDefault(); end(); });
    input.addEventListener('blur', end, { once: true });
    input.addEventListener('keydown', e => {
      if (e.key !== 'Escape') return;
      input.value = this.#room.displayName;
      input.blur();
    });
    form.append(input);
    this.#me.replaceChildren(form);
    input.focus();
    input.select();
  }
}
