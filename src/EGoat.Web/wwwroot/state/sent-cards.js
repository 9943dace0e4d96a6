// What was last to be shown of what is sent, and what stays of it when it is done.

import { cardsOf, forgetCard, keepCard } from '../effects/cards.js';

export class SentCards {
  #room;
  #view;
  // Group -> Map of key -> transfer.
  #sent = new Map();

  constructor(room, view) {
    this.#room = room;
    this.#view = view;
  }

  async restore() {
    for (const { transfers, at } of await cardsOf(this.#room)) {
      for (const transfer of transfers) {
        this.#note(transfer);
        this.#view.transfer(transfer, at);
      }
    }
  }

  show(transfer) {
    this.#view.transfer(transfer);
    const sent = this.#note(transfer);
    if (transfer.state !== 'completed') return;
    const transfers = [...sent.values()].filter(other => other.state === 'completed');
    keepCard({ key: transfer.group, room: this.#room, at: Date.now(), transfers }).catch(() => {}); // shown until the page is closed
  }

  async forget(key) {
    for (const [group, sent] of this.#sent) {
      if (!sent.delete(key)) continue;
      if (sent.size === 0) this.#sent.delete(group);
      await forgetCard(group);
    }
  }

  #note(transfer) {
    const sent = this.#sent.get(transfer.group) ?? new Map();
    this.#sent.set(transfer.group, sent.set(transfer.key, transfer));
    return sent;
  }
}
