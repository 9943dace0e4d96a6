// Files on their way to one device of an identity, however often the connection or the page begins anew: attempt after attempt, each sends
// what is not stored yet.

import { Changes } from '../common/changes.js';
import { fault, shownError } from '../common/fault.js';
import { newUuid } from '../common/protocol.js';
import { SendAttempt } from './send-attempt.js';

// Attempts in a row that bring nothing: then something else is wrong than the connection.
const MAX_FRUITLESS = 5;
const RETRY_PAUSE = 1000;

export class Outgoing {
  key;
  // What was sent together, to several perhaps.
  group;
  identity;
  instance;
  peerName;
  state = 'waiting';
  attempt;
  files;
  #host;
  #changes = new Changes();
  #isPaused = false;
  #answered;

  // receiver: {identity, instance, name}; files: [{path, size, lastModified, file, handle}].
  // host: find(outgoing), which returns a peer that can receive; report(transfer); settle(outgoing, state), which keeps how it ended
  constructor(receiver, files, host, group, key = newUuid()) {
    this.key = key;
    this.group = group;
    this.identity = receiver.identity;
    this.instance = receiver.instance;
    this.peerName = receiver.name;
    this.files = files;
    this.#host = host;
  }

  // Somebody has come who may be the receiver.
  peerReady() {
    this.#changes.changed();
  }

  cancel() {
    this.attempt?.cancel();
    this.#changes.fail(fault('you-cancelled', {}, { state: 'cancelled' }));
  }

  pause(isPaused) {
    this.#isPaused = isPaused;
    this.attempt?.pause(isPaused);
    this.report();
  }

  // Runs to the end, which is reported.
  async run() {
    let fruitless = 0;
    while (true) {
      try {
        this.#set('waiting');
        await this.#changes.until(() => this.#host.find(this) !== undefined, '', () => Infinity);
        await this.#try(this.#host.find(this));
        return await this.#end('completed');
      } catch (error) {
        const isFruitful = this.attempt?.transferred > 0 || this.attempt?.resumed > 0;
        fruitless = isFruitful ? 0 : fruitless + 1;
        const state = error.state ?? 'failed';
        if (state !== 'waiting' || fruitless === MAX_FRUITLESS) return this.#end(state === 'waiting' ? 'failed' : state, shownError(error));
        // The receiver is noticed to be gone a moment after its channel.
        await new Promise(resolve => setTimeout(resolve, RETRY_PAUSE));
      }
    }
  }

  async #try(peer) {
    this.peerName = peer.name;
    this.instance = peer.instance;
    const rest = this.files.filter(f => f.state === undefined);
    const attempt = this.attempt = new SendAttempt(peer, rest, state => {
      if (state) this.state = state;
      this.#noteAnswer(rest);
      this.report();
    });
    this.#set('offered');
    if (this.#isPaused) attempt.pause(true);
    try {
      await attempt.run();
    } finally {
      this.#noteAnswer(rest);
      rest.forEach((f, i) => {
        f.hash = attempt.hashes[i];
        if (attempt.stored[i] !== undefined) f.state = attempt.stored[i] ? 'completed' : attempt.failures[i].state;
        f.error = attempt.failures[i]?.message;
      });
    }
    if (this.files.every(f => f.state === 'rejected')) throw fault('none-wanted', {}, { state: 'rejected' });
    const failed = this.files.filter(f => f.state === 'failed' || f.state === 'needs-file');
    if (failed.length === 0) return;
    const error = fault('not-stored', { count: failed.length }, { state: failed.some(f => f.state === 'needs-file') ? 'needs-file' : 'failed' });
    const [{ error: first }] = failed;
    throw first ? Object.assign(error, { shown: failed.length === 1 ? first : `${error.shown} ${first}` }) : error;
  }

  // What is not accepted is not asked again.
  #noteAnswer(rest) {
    const { accepted } = this.attempt;
    if (!accepted || this.#answered === this.attempt) return;
    this.#answered = this.attempt;
    const wanted = new Set(accepted);
    rest.forEach((f, i) => {
      if (!wanted.has(i)) f.state = 'rejected';
    });
  }

  #set(state) {
    this.state = state;
    this.report();
  }

  // The end is shown once it is kept: a page that reloads after it must not begin again.
  async #end(state, error) {
    await this.#host.settle(this, state);
    this.state = state;
    this.report(error);
  }

  report(error) {
    const { attempt } = this;
    const isRunning = this.state === 'active';
    const wanted = this.files.filter(f => f.state !== 'rejected');
    // Files of earlier attempts; those of this one are in its count.
    const before = wanted.filter(f => f.state === 'completed' && this.state !== 'completed').reduce((bytes, f) => bytes + f.size, 0);
    this.#host.report({
      key: this.key, group: this.group, isOwn: true, peer: this.peerName, identity: this.identity,
      files: this.files.map(f => ({ path: f.path, length: f.size, hash: f.hash, isWanted: f.state !== 'rejected' })),
      length: wanted.reduce((bytes, f) => bytes + f.size, 0), before, transferred: attempt?.transferred ?? 0, resumed: attempt?.resumed ?? 0,
      state: isRunning && (this.#isPaused || attempt.isPausedByPeer) ? 'paused' : this.state, isPaused: this.#isPaused,
      canPause: isRunning && attempt.peer.features.includes('pause'), error,
    });
  }
}
