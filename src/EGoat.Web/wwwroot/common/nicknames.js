// Two friendly words: as a name that is proposed, and to tell two people of one name apart.

const FIRST = ['amber', 'brave', 'bright', 'calm', 'clever', 'cosy', 'crisp', 'dapper', 'eager', 'fancy', 'fleet', 'gentle', 'glad', 'golden', 'happy', 'hardy',
  'honest', 'jolly', 'keen', 'kind', 'lively', 'lucky', 'mellow', 'merry', 'mighty', 'misty', 'nimble', 'noble', 'patient', 'plucky', 'proud', 'quick',
  'quiet', 'rapid', 'ready', 'rosy', 'rusty', 'shiny', 'silver', 'snowy', 'steady', 'sunny', 'swift', 'tidy', 'velvet', 'warm', 'wild', 'witty'];
const SECOND = ['badger', 'beaver', 'bison', 'crane', 'dolphin', 'donkey', 'eagle', 'falcon', 'ferret', 'finch', 'fox', 'gecko', 'goat', 'goose', 'hare', 'hedgehog',
  'heron', 'ibex', 'jackdaw', 'koala', 'lark', 'lemur', 'llama', 'lynx', 'magpie', 'marmot', 'marten', 'mole', 'moose', 'newt', 'otter', 'owl',
  'panda', 'parrot', 'pelican', 'penguin', 'puffin', 'rabbit', 'raven', 'robin', 'seal', 'sparrow', 'squirrel', 'stork', 'swan', 'turtle', 'wombat', 'wren'];

// a, b: any numbers.
const words = (a, b) => `${FIRST[a % FIRST.length]} ${SECOND[b % SECOND.length]}`;

export function proposeName() {
  const [a, b] = crypto.getRandomValues(new Uint16Array(2));
  return words(a, b).replace(/(^|\s)\w/g, letter => letter.toUpperCase());
}

// Nothing secret, only short: two identities may share them.
export function wordsOf(identity) {
  const hash = hashOf(identity);
  return words(hash & 0xffff, hash >>> 16);
}

// In degrees: the colour of somebody.
export const hueOf = identity => hashOf(identity) % 360;

function hashOf(text) {
  let hash = 0x811c9dc5;
  for (const c of String(text)) hash = Math.imul(hash ^ c.codePointAt(0), 0x01000193) >>> 0;
  return hash;
}
