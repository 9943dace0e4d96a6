// The people of a room: one for each identity, whatever they have open.

import { wordsOf } from '../common/nicknames.js';

// How long a sign of typing counts.
export const TYPING_TIME = 6000;

const ORDER = ['connected', 'disconnected', 'connecting'];

// People in the order in which they came. A person: key, identity ('' while connecting), name, words (where another has the same
// name), state, devices, isOwn, acceptsFiles, typingUntil.
export function peopleOf(peers, ownIdentity) {
  const people = new Map();
  for (const peer of peers) {
    const key = peer.identity || peer.id;
    const person = people.get(key);
    if (!person) {
      people.set(key, {
        key, identity: peer.identity, name: peer.name, state: peer.state, devices: 1, isOwn: peer.identity === ownIdentity,
        acceptsFiles: peer.acceptsFiles, typingUntil: peer.typingUntil ?? 0,
      });
      continue;
    }
    person.devices++;
    person.acceptsFiles ||= peer.acceptsFiles;
    person.typingUntil = Math.max(person.typingUntil, peer.typingUntil ?? 0);
    if (ORDER.indexOf(peer.state) < ORDER.indexOf(person.state)) person.state = peer.state;
  }
  const named = Map.groupBy(people.values(), person => person.name.normalize('NFKC').toLocaleLowerCase());
  for (const same of named.values()) if (same.length > 1) for (const person of same) if (person.identity) person.words = wordsOf(person.identity);
  return [...people.values()];
}
