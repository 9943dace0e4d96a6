// The timeline: a window of at most MAX_ROWS rows of it is in the document. Where one reads stays where it is; what comes
// scrolls into sight only when one is at the end.

import { shownDay, t } from '../common/words.js';
import { Card } from './card.js';
import { element, icon } from './dom.js';
import { NoticeRow, TextRow } from './text-row.js';

const MAX_ROWS = 180;
const STEP = 60;
const NEAR = 600;
const END = 48;

// Texts of one person that follow so soon belong together.
const TOGETHER = 5 * 60_000;

export class TimelineView {
  #list;
  #below;
  #timeline;
  #host;
  // Item key -> row. Rows of cards live as long as their items; others as long as they are in the document.
  #rows = new Map();
  #days = new Map();
  #from = 0;
  #to = 0;
  #isAtEnd = true;
  #isScheduled = false;
  #changed = new Set();
  #isLoading = false;
  #hasAll = false;
  #missed = 0;
  #height = 0;

  // host: transfers(), notice(text), more(): loads older items, false when there are none; seen(): the newest is in
  // sight; rendered()
  constructor(list, below, timeline, host) {
    this.#list = list;
    this.#below = below;
    this.#timeline = timeline;
    this.#host = host;
    timeline.on('added', item => this.#added(item));
    timeline.on('changed', item => this.#itemChanged(item));
    timeline.on('removed', item => this.#removed(item));
    timeline.on('reset', () => this.#reset());
    list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => {
      this.#height = list.clientHeight;
      if (this.#isAtEnd) this.toEnd();
    }).observe(list);
    document.addEventListener('visibilitychange', () => this.#render());
    below.append(icon('down'), element('span'));
    below.addEventListener('click', () => this.toEnd());
    this.#reset();
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  toEnd() {
    this.#isAtEnd = true;
    this.#to = this.#timeline.items.length;
    this.#from = Math.max(0, this.#to - MAX_ROWS);
    this.#render();
  }

  // The row of an item, with so much around it that one can scroll.
  show(key) {
    const index = this.#timeline.items.findIndex(item => item.key === key);
    if (index < 0) return;
    this.#isAtEnd = false;
    this.#from = Math.max(0, index - MAX_ROWS / 2);
    this.#to = Math.min(this.#timeline.items.length, this.#from + MAX_ROWS);
    this.#render();
    const row = this.#rows.get(key)?.element;
    row?.scrollIntoView({ block: 'center' });
    row?.classList.add('found');
    setTimeout(() => row?.classList.remove('found'), 2000);
  }

  isInSight(key) {
    const row = this.#rows.get(key)?.element;
    if (!row?.isConnected) return false;
    const [a, b] = [row.getBoundingClientRect(), this.#list.getBoundingClientRect()];
    return a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  }

  #added(item) {
    const { items } = this.#timeline;
    // The window grows with what comes at its end; what comes in front of it moves it.
    const index = items.at(-1) === item ? items.length - 1 : items.indexOf(item);
    if (index < this.#from) {
      this.#from++;
      this.#to++;
    } else if (index <= this.#to && (this.#isAtEnd || this.#to - this.#from < MAX_ROWS)) {
      this.#to++;
    }
    if (item.kind !== 'notice' && !this.#isAtEnd) this.#missed++;
    this.#schedule();
  }

  #itemChanged(item) {
    this.#changed.add(item);
    const row = this.#rows.get(item.key);
    // States show at once, progress with the next frame.
    if (row instanceof Card && row.isOtherState(item)) this.#render();
    else this.#schedule();
  }

  #removed(item) {
    this.#rows.get(item.key)?.end();
    this.#rows.delete(item.key);
    this.#to = Math.min(this.#to, this.#timeline.items.length);
    this.#from = Math.max(0, Math.min(this.#from, this.#to - 1));
    this.#render();
  }

  #reset() {
    const { length } = this.#timeline.items;
    if (this.#isAtEnd) {
      this.#to = length;
      this.#from = Math.max(0, length - MAX_ROWS);
    }
    this.#schedule();
  }

  // Nobody looks at a page in the background, which gets no frames.
  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const render = () => this.#isScheduled && this.#render();
    if (document.hidden) queueMicrotask(render);
    else requestAnimationFrame(render);
  }

  #render() {
    this.#isScheduled = false;
    const { items } = this.#timeline;
    if (this.#isAtEnd) {
      this.#to = items.length;
      this.#from = Math.max(this.#from, this.#to - MAX_ROWS);
    }
    const anchor = this.#isAtEnd ? null : this.#anchor();
    const nodes = [];
    for (let i = this.#from; i < this.#to; i++) nodes.push(...this.#nodesOf(items[i], items[i - 1]));
    this.#changed.clear();
    this.#reconcile(nodes);
    if (this.#isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
    else if (anchor?.node.isConnected) this.#list.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    this.#showBelow();
    this.#host.rendered();
  }

  #nodesOf(item, previous) {
    let row = this.#rows.get(item.key);
    if (!row) {
      row = this.#make(item);
      this.#rows.set(item.key, row);
      row.show(item);
    } else if (this.#changed.has(item)) {
      row.show(item);
    }
    const day = new Date(item.at).toDateString();
    const isNewDay = !previous || new Date(previous.at).toDateString() !== day;
    const follows = !isNewDay && item.kind === 'text' && previous.kind === 'text' && item.at - previous.at < TOGETHER &&
      item.message.fromIdentity === previous.message.fromIdentity && item.message.from === previous.message.from && item.message.private === previous.message.private;
    row.element.classList.toggle('follows', follows);
    return isNewDay ? [this.#dayLine(day, item.at), row.element] : [row.element];
  }

  #make(item) {
    if (item.kind === 'text') return new TextRow(text => this.#host.notice(text));
    if (item.kind === 'notice') return new NoticeRow();
    return new Card(item, this.#host.transfers(), text => this.#host.notice(text));
  }

  #dayLine(day, at) {
    let line = this.#days.get(day);
    if (!line) this.#days.set(day, line = element('li', 'day', shownDay(new Date(at))));
    return line;
  }

  // The fewest moves: rows keep their focus and what is open in them.
  #reconcile(nodes) {
    const wanted = new Set(nodes);
    for (const node of [...this.#list.children]) if (!wanted.has(node)) node.remove();
    let at = this.#list.firstElementChild;
    for (const node of nodes) {
      if (node === at) at = at.nextElementSibling;
      else this.#list.insertBefore(node, at);
    }
    for (const [key, row] of this.#rows) if (!row.element.isConnected && !(row instanceof Card)) this.#rows.delete(key);
  }

  // The first row in sight, and where it is.
  #anchor() {
    const { top } = this.#list.getBoundingClientRect();
    for (const node of this.#list.children) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top && !node.classList.contains('day')) return { node, top: box.top };
    }
    return null;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const left = scrollHeight - scrollTop - clientHeight;
    // Who was at the end stays there when the list gets less room: its observer is about to be told.
    if (this.#isAtEnd && clientHeight < this.#height) return;
    this.#isAtEnd = this.#to === this.#timeline.items.length && left < END;
    if (this.#isAtEnd) this.#missed = 0;
    if (scrollTop < NEAR && this.#from > 0) this.#move(-STEP);
    else if (left < NEAR && this.#to < this.#timeline.items.length) this.#move(STEP);
    else if (scrollTop < NEAR && this.#from === 0) this.#loadOlder();
    this.#showBelow();
    this.#host.rendered();
  }

  #move(step) {
    const { length } = this.#timeline.items;
    if (step < 0) {
      this.#from = Math.max(0, this.#from + step);
      this.#to = Math.min(this.#to, this.#from + MAX_ROWS);
    } else {
      this.#to = Math.min(length, this.#to + step);
      this.#from = Math.max(this.#from, this.#to - MAX_ROWS);
    }
    this.#isAtEnd = false;
    this.#render();
  }

  async #loadOlder() {
    if (this.#isLoading || this.#hasAll || this.#timeline.items.length === 0) return;
    this.#isLoading = true;
    try {
      const first = this.#timeline.items[this.#from];
      this.#hasAll = !await this.#host.more();
      const moved = this.#timeline.items.indexOf(first) - this.#from;
      this.#from += moved;
      this.#to += moved;
      if (moved > 0) this.#move(-STEP);
    } catch (error) {
      this.#host.notice(error.shown ?? error.message);
    } finally {
      this.#isLoading = false;
    }
  }

  #showBelow() {
    this.#below.hidden = this.#isAtEnd || this.#timeline.items.length === 0;
    this.#below.lastElementChild.textContent = this.#missed > 0 ? t('new-below', { count: this.#missed }) : t('to-newest');
    if (this.#isAtEnd) {
      this.#missed = 0;
      this.#host.seen();
    }
  }
}
