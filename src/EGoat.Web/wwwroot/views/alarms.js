// What its user must know until it is no longer so, one line for each matter.

import { $, button, element, icon } from './dom.js';
import { t } from '../common/words.js';

const shown = new Map();

// more: elements behind the text.
export function raise(key, text, ...more) {
  const there = shown.get(key);
  if (there) {
    if (there.text.textContent !== text) there.text.textContent = text;
    return;
  }
  const line = element('div', 'alarm-line');
  const said = element('span', '', text);
  const close = button('plain', '', () => clear(key));
  close.append(icon('close'));
  close.setAttribute('aria-label', t('close'));
  line.append(said, ...more, close);
  shown.set(key, { line, text: said });
  $('alarms').append(line);
}

export function clear(key) {
  shown.get(key)?.line.remove();
  shown.delete(key);
}
