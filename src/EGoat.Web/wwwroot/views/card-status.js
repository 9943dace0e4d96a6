// What a card says of its files.

import { shownSize, shownTime } from '../common/units.js';
import { t } from '../common/words.js';

const SAMPLE = 500;
const SMOOTHING = 0.3;

// Bytes a second, smoothed: from what has travelled, not from what did not have to.
export class Speed {
  #at;
  #bytes;
  #rate;

  measure(state, transferred) {
    const now = performance.now();
    if (state !== 'active' || this.#at === undefined || transferred < this.#bytes) {
      this.#at = now;
      this.#bytes = transferred;
      this.#rate = undefined;
    } else if (now - this.#at >= SAMPLE) {
      const rate = 1000 * (transferred - this.#bytes) / (now - this.#at);
      this.#rate = this.#rate === undefined ? rate : SMOOTHING * rate + (1 - SMOOTHING) * this.#rate;
      this.#at = now;
      this.#bytes = transferred;
    }
    return this.#rate;
  }
}

// Of several transfers of the same files, the state of the least advanced that is not over counts, else that which needs its user.
const URGENCY = ['asking', 'needs-file', 'active', 'paused', 'checking', 'offered', 'waiting', 'interrupted', 'failed', 'rejected', 'cancelled', 'completed'];

export function combine(transfers) {
  if (transfers.length === 1) return transfers[0];
  const state = URGENCY.find(s => transfers.some(transfer => transfer.state === s));
  const leading = transfers.find(transfer => transfer.state === state);
  const running = transfers.filter(transfer => !['rejected', 'cancelled'].includes(transfer.state));
  const sum = what => running.reduce((bytes, transfer) => bytes + transfer[what], 0);
  return {
    ...leading, state, length: sum('length'), before: sum('before'), transferred: sum('transferred'), resumed: sum('resumed'),
    canPause: transfers.some(transfer => transfer.canPause), isPaused: transfers.some(transfer => transfer.isPaused),
  };
}

export function status({ state, error, length, resumed, isPaused, before }, done, rate) {
  const saved = resumed > 0 ? t('did-not-travel', { size: shownSize(resumed) }) : '';
  const part = length < 0 ? shownSize(done) : t('part-of', { done: shownSize(done), all: shownSize(length) });
  switch (state) {
    case 'asking': return t('stored-until');
    case 'offered': return t('offered');
    case 'waiting': return before > 0 || done > 0 ? t('part-waiting', { part }) : t('waiting');
    case 'checking': return t('checking');
    case 'active': return [part, rate > 0 ? `${shownSize(Math.round(rate))}/s` : '', rate > 0 && length >= 0 ? t('time-left', { time: shownTime((length - done) / rate) }) : '', saved].filter(Boolean).join(', ');
    case 'paused': return t(isPaused ? 'paused' : 'paused-by-them', { part });
    case 'completed': return [shownSize(done), saved].filter(Boolean).join(', ');
    case 'interrupted': return `${part}. ${error ?? ''}`;
    default: return error ?? t(`state-${state}`);
  }
}

// In short, for one of several receivers.
export function shortStatus(transfer) {
  const { state, before, transferred, resumed, length } = transfer;
  const done = before + transferred + resumed;
  if (state === 'active' && length > 0) return new Intl.NumberFormat(document.documentElement.lang, { style: 'percent' }).format(Math.min(1, done / length));
  return state === 'completed' ? '✓' : t(`state-${state}`);
}

