// What is here already, told to the sender.

import { HASHES_PER_PAGE, HASH_LENGTH, haveFrame } from '../common/protocol.js';

// What lies in the storage is hashed, not believed: the sender skips the blocks that are equal to its own. held: index ->
// HashList, which is filled.
export async function sendHave(channel, storage, held, records, changes) {
  for (const [index, hashes] of held) {
    const { file, present, length } = records[index];
    for (let count = HASHES_PER_PAGE; count === HASHES_PER_PAGE;) {
      const first = hashes.length;
      const page = await storage.hash(present?.file ?? file, first, HASHES_PER_PAGE, length);
      if (changes.error) throw changes.error;
      hashes.push(page);
      count = page.length / HASH_LENGTH;
      if (count > 0) channel.send(haveFrame(index, first, page, false));
    }
  }
  channel.send(haveFrame(0, 0, new Uint8Array(0), true));
}
