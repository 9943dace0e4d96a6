// Resolves waiting code when something has changed, with a limit on silence. One waits at a time.

const PROGRESS_TIMEOUT = 60_000;

export class Changes {
  #wake = () => {};
  #error;

  changed() {
    this.#wake();
  }

  fail(error) {
    this.#error ??= error;
    this.#wake();
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
        if (milliseconds !== Infinity) timer = setTimeout(() => reject(new Error(onTimeout)), milliseconds);
      }).finally(() => clearTimeout(timer));
    }
  }
}
