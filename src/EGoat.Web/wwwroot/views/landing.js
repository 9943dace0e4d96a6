// The page without a room: what this is, and the ways in.

import { ownName } from '../common/names.js';
import { base32 } from '../common/protocol.js';
import { t } from '../common/words.js';
import { roomOf } from '../effects/link.js';
import { saveName, savedRooms } from '../effects/settings.js';
import { Transfers } from '../state/transfers.js';
import { Timeline } from '../state/timeline.js';
import { Card } from './card.js';
import { $, button, element } from './dom.js';

const ROOM_BYTES = 10;

export function showLanding(name, enter) {
  $('landing').hidden = false;
  $('name').value = name;
  const problem = $('entry-problem');
  const go = room => {
    const chosen = ownName($('name').value);
    problem.textContent = !chosen ? t('name-needed') : !room ? t('room-needed') : '';
    if (problem.textContent) return;
    saveName(chosen);
    enter(room, chosen);
  };
  $('entry').addEventListener('submit', e => { e.preventDefault(); go(roomOf($('room').value)); });
  // Nobody guesses it.
  $('make').addEventListener('click', () => go(`goat-${base32(crypto.getRandomValues(new Uint8Array(ROOM_BYTES)))}`));
  const rooms = savedRooms();
  $('rooms').hidden = rooms.length === 0;
  $('rooms').replaceChildren(element('h2', '', t('rooms-before')), ...rooms.map(room => button('room', room, () => go(room))));
  showReceived().catch(() => {}); // a browser without a private file system has none
}

// Files that were received can be reached without joining.
async function showReceived() {
  if (!window.isSecureContext) return;
  const list = $('kept').querySelector('ol');
  const timeline = new Timeline();
  const problem = text => { $('entry-problem').textContent = text; };
  const rows = new Map();
  const update = () => { $('kept').hidden = timeline.items.length === 0; };
  const transfers = new Transfers({ name: undefined, peers: () => [] }, {
    transfer: (transfer, at) => timeline.putTransfer(transfer, at), removed: key => timeline.removeTransfer(key), notice: problem,
  });
  timeline.on('added', item => {
    const card = new Card(item, transfers, problem);
    rows.set(item.key, card);
    card.show(item);
    list.prepend(card.element);
    update();
  });
  timeline.on('removed', item => {
    rows.get(item.key)?.end();
    update();
  });
  await transfers.restore();
}
