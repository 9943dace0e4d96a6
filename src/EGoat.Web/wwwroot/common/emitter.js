// Tells those who asked that something has changed.

export class Emitter {
  #listeners = new Map();

  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...listeners, listener]);
  }

  emit(event, ...values) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...values);
  }
}
