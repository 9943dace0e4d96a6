// Frames that have come and wait to be looked at, within bounds.

import { MAX_UNACKNOWLEDGED, parseFrame } from '../common/protocol.js';

// What may wait here unread: what an honest sender has on its way at most, and as much again for what frames cost.
const MAX_QUEUED = 2 * MAX_UNACKNOWLEDGED;
const FRAME_COST = 256;

export const OUT_OF_PLACE = 'The sender broke the transfer protocol: a frame out of place.';

export class FrameQueue {
  #frames = [];
  #queued = 0;

  get length() {
    return this.#frames.length;
  }

  // Why it is refused; undefined when it is not.
  push(data) {
    if (typeof data === 'string') return OUT_OF_PLACE;
    this.#queued += data.byteLength + FRAME_COST;
    if (this.#queued > MAX_QUEUED) {
      this.#frames = [];
      return 'The sender sends more than this side has acknowledged.';
    }
    this.#frames.push(data);
    return undefined;
  }

  shift() {
    const data = this.#frames.shift();
    this.#queued -= data.byteLength + FRAME_COST;
    const frame = parseFrame(data);
    if (!frame) throw new Error(OUT_OF_PLACE);
    return frame;
  }

  clear() {
    this.#frames = [];
  }
}
