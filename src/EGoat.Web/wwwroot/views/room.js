// The page in a room: puts its views together and wires them to what happens.

import { shownError } from '../common/fault.js';
import { shownName } from '../common/names.js';
import { t } from '../common/words.js';
import { openHistory } from '../effects/history.js';
import { takeTokenFrom } from '../effects/link.js';
import { rememberRoom, saveName } from '../effects/settings.js';
import { Room } from '../state/room.js';
import { Timeline, messageKey } from '../state/timeline.js';
import { clear, raise } from './alarms.js';
import { Attention } from './attention.js';
import { Composer } from './composer.js';
import { $, button, confirmed, element } from './dom.js';
import { DropZone } from './drop.js';
import { InvitationView } from './invitation.js';
import { OffersView } from './offers.js';
import { PeopleView } from './people.js';
import { SearchView } from './search.js';
import { TimelineView } from './timeline.js';

export class RoomView {
  #room;
  #timeline = new Timeline();
  #left;

  // left(): the user wants to leave, and nothing stands against it
  constructor(name, displayName, left) {
    this.#left = left;
    this.#room = new Room(name, displayName, openHistory(), this.#timeline);
  }

  get room() {
    return this.#room;
  }

  // Whether something would be lost that cannot be taken up again by itself.
  get isBusy() {
    return this.#room.transfers.isBusy;
  }

  async open() {
    const room = this.#room;
    $('chat').hidden = $('tools').hidden = false;
    this.#showState(room.state);
    rememberRoom(room.name);
    await room.prepare();
    const notice = text => this.#timeline.addNotice(text, 'problem');
    const attention = new Attention(room, () => messages.isAtEnd);
    const messages = new TimelineView($('messages'), $('below'), this.#timeline, {
      transfers: () => room.transfers, notice, more: () => room.loadOlder(), seen: () => attention.seen(), rendered: () => offers.update(),
    });
    const offers = new OffersView($('offers'), this.#timeline, messages, room, text => attention.announce(text));
    const sendSources = (sources, identity) => this.#sendSources(sources, identity, notice);
    const composer = new Composer(room, { notice, sendSources, send: (text, identity) => {
      room.texts.send(text, identity);
      messages.toEnd();
    } });
    const people = new PeopleView($('peers'), $('me'), $('typing'), room, {
      choose: person => composer.choose(person), isMuted: identity => attention.isMuted(identity), mute: (identity, isMuted) => attention.mute(identity, isMuted),
      rename: name => {
        saveName(name);
        room.rename(name);
      },
    });
    const invitation = new InvitationView($('invitation'), room, notice);
    new DropZone(room, composer, sendSources);
    new SearchView(room, message => this.#find(message, messages));
    this.#listen(people, invitation, attention, notice);
    this.#wireButtons(invitation);
    // A keyboard on the glass is not called for.
    if (matchMedia('(pointer: fine)').matches) composer.focus();
    await room.join();
  }

  #listen(people, invitation, attention, notice) {
    const room = this.#room;
    room.on('people', list => {
      people.show(list);
      invitation.showEmpty(list.every(person => person.isOwn));
    });
    room.on('state', (state, message) => this.#showState(state, message));
    room.on('came', name => this.#timeline.addNotice(t('came', { name: shownName(name) })));
    room.on('left', name => this.#timeline.addNotice(t('left', { name: shownName(name) })));
    room.on('refused', (name, reason) => notice(t('refuses', { name: shownName(name), reason: shownName(reason) })));
    room.on('storing', error => this.#showStoring(error));
    room.on('notice', notice);
    this.#timeline.on('added', item => {
      if (item.kind === 'text' && !item.isOwn) attention.came(item.message.fromIdentity, item.message.from, item.message.text);
    });
  }

  #wireButtons(invitation) {
    $('invite').addEventListener('click', () => {
      invitation.toggle();
      $('invite').setAttribute('aria-expanded', invitation.isShown);
      this.#showPeople(false);
    });
    $('show-people').addEventListener('click', () => this.#showPeople(!$('chat').classList.contains('with-people')));
    $('people').addEventListener('keydown', e => e.key === 'Escape' && this.#showPeople(false));
    $('export').addEventListener('click', () => this.#export());
    $('leave').addEventListener('click', async () => {
      if (!this.isBusy || await confirmed(t('leave-question'), t('leave'))) this.#left();
    });
  }

  #showPeople(isShown) {
    $('chat').classList.toggle('with-people', isShown);
    $('show-people').setAttribute('aria-expanded', isShown);
  }

  #showState(state, message) {
    const { name } = this.#room;
    $('status').dataset.state = state;
    $('status').textContent = state === 'refused' ? message : t(state === 'joined' ? 'in-room' : state, { room: name });
  }

  #showStoring(error) {
    if (!error) {
      clear('storing');
      clear('token');
    } else if (error.isUnauthorized) {
      const input = element('input', 'link');
      input.setAttribute('aria-label', t('new-link'));
      input.placeholder = t('new-link');
      raise('token', shownError(error), input, button('', t('use-link'), () => {
        if (takeTokenFrom(input.value)) this.renewed();
      }));
    } else {
      raise('storing', shownError(error));
    }
  }

  // There is a new token for the history.
  renewed() {
    clear('token');
    this.#room.texts.retry();
  }

  async #sendSources(sources, identity, notice) {
    try {
      const found = await sources;
      if (found.length === 0) notice(t('no-files'));
      else if (!this.#room.sendFiles(found, identity)) notice(t('nobody-takes-files-now'));
    } catch (error) {
      // Whoever closes a dialog wants nothing.
      if (error.name !== 'AbortError') notice(shownError(error));
    }
  }

  // Older texts are loaded until the one that was found is there.
  async #find(message, messages) {
    const key = messageKey(message);
    while (!this.#timeline.get(key) && await this.#room.loadOlder());
    messages.show(key);
  }

  async #export() {
    const lines = [];
    for await (const message of this.#room.allTexts()) lines.push(`${JSON.stringify(message)}\n`);
    const link = element('a');
    link.href = URL.createObjectURL(new Blob(lines, { type: 'application/jsonl' }));
    link.download = `${this.#room.name}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}
