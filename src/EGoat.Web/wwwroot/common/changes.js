// Resolves waiting code when something has changed, with a limit on silence. One waits at a time.

const PROGRESS_TIMEOUT = 60_000;
const MAX_SECONDS = 24 * 3600;

// The silence that a peer asks for, in seconds, as a limit in milliseconds; 0 asks for none.
export const silenceLimit = seconds => seconds === 0 ? PROGRESS_TIMEOUT : 1000 * Math.min(seconds, MAX_SECONDS);

// How often a side tells that it is at work, at least: three times within a shorter limit on its silence.
const ALIVE_INTERVAL = 5_000;

// A timer that comes so much too late tells that this page was asleep or held up, not that anybody was silent.
const MAX_LATE = 5_000;

// Tells that this side is at work, until it is stopped.
export class SignsOfLife {
  #say;
  #limit;
  #timer;

  // limit: on this side's silence, in milliseconds.
  constructor(say, limit) {
    this.#say = say;
    this.#limit = limit;
    this.hurry();
  }

  // The limit is another one now.
  hurry() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#say();
      this.hurry();
    }, Math.min(ALIVE_INTERVAL, this.#limit() / 3));
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

export class Changes {
  #wake = () => {};
  #error;
  #failed = Promise.withResolvers();

  constructor() {
    // It is awaited only while something runs.
    this.#failed.promise.catch(() => {});
  }

  changed() {
    this.#wake();
  }

  fail(error) {
    this.#error ??= error;
    this.#failed.reject(this.#error);
    this.#wake();
  }

  // Runs to its end or to a failure, whichever comes first: not everything that it waits for can be given up.
  run(work) {
    const running = work();
    running.catch(() => {});
    return Promise.race([running, this.#failed.promise]);
  }

  get error() {
    return this.#error;
  }

  // limit: in milliseconds, from the last change on; Infinity while nothing is expected.
  async until(condition, onTimeout, limit = () => PROGRESS_TIMEOUT) {
    while (true) {
      if (this.#error) throw this.#error;
      if (condition()) return;
      const milliseconds = limit();
      let timer;
      await new Promise((resolve, reject) => {
        this.#wake = resolve;
        const due = performance.now() + milliseconds;
        const end = () => performance.now() - due > MAX_LATE ? resolve() : reject(new Error(onTimeout));
        if (milliseconds !== Infinity) timer = setTimeout(end, milliseconds);
      }).finally(() => clearTimeout(timer));
    }
  }
}
