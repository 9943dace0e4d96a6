// Elements. Everything that comes from elsewhere is text, never markup.

import { shownError } from '../common/fault.js';
import { t } from '../common/words.js';

const SVG = 'http://www.w3.org/2000/svg';

// Paths of 24 by 24.
const ICONS = {
  file: 'M14 3H6a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V8zM14 3v5h5',
  folder: 'M3 6a1 1 0 0 1 1-1h5l2 2h9a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  video: 'M3 6h12v12H3zM15 10l6-3v10l-6-3z',
  audio: 'M9 18V5l11-2v13M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM20 16a3 3 0 1 1-6 0 3 3 0 0 1 6 0z',
  archive: 'M4 8h16v12H4zM3 4h18v4H3zM10 12h4',
  attach: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4L14.5 7',
  send: 'M4 12l16-8-6 16-3-6z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  people: 'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21a7 7 0 0 1 14 0M16 3.5a4 4 0 0 1 0 7M22 21a7 7 0 0 0-4-6.3',
  invite: 'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21a7 7 0 0 1 13-3.5M19 14v6M16 17h6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
};

export const $ = id => document.getElementById(id);

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A text from elsewhere whose direction of writing cannot spread to what is around it.
export const isolated = (className, text) => element('bdi', className, text);

// act may fail: failed(text) tells why. Whoever closes a dialog wants nothing.
export function button(className, label, act, failed = () => {}) {
  const made = element('button', className, label);
  made.type = 'button';
  made.addEventListener('click', async () => {
    try {
      await act();
    } catch (error) {
      if (error.name !== 'AbortError') failed(shownError(error));
    }
  });
  return made;
}

export function icon(name) {
  const drawn = document.createElementNS(SVG, 'svg');
  drawn.setAttribute('viewBox', '0 0 24 24');
  drawn.setAttribute('aria-hidden', 'true');
  drawn.classList.add('icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  drawn.append(path);
  return drawn;
}

// Rows of modules as one path, with the quiet zone that readers need.
export function qrPicture(rows, label) {
  const QUIET = 4;
  const size = rows.length + 2 * QUIET;
  const drawn = document.createElementNS(SVG, 'svg');
  drawn.setAttribute('viewBox', `0 0 ${size} ${size}`);
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', label);
  drawn.classList.add('qr');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', rows.map((row, y) => row.map((isDark, x) => isDark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : '').join('')).join(''));
  drawn.append(path);
  return drawn;
}

// Texts and icons that stand in the document by key: data-t, data-t-label, data-t-placeholder, data-icon.
export function fillTexts(root = document) {
  for (const found of root.querySelectorAll('[data-t]')) found.textContent = t(found.dataset.t);
  for (const found of root.querySelectorAll('[data-t-label]')) {
    found.setAttribute('aria-label', t(found.dataset.tLabel));
    found.title = t(found.dataset.tLabel);
  }
  for (const found of root.querySelectorAll('[data-t-placeholder]')) found.placeholder = t(found.dataset.tPlaceholder);
  for (const found of root.querySelectorAll('[data-icon]')) found.prepend(icon(found.dataset.icon));
}

// A question with one answer that does it. Whether it was given.
export function confirmed(question, yes) {
  const dialog = element('dialog');
  const answers = element('form', 'answers');
  answers.method = 'dialog';
  for (const [value, text, className] of [['no', t('stay'), ''], ['yes', yes, 'alarm']]) {
    const answer = element('button', className, text);
    answer.value = value;
    answers.append(answer);
  }
  dialog.append(element('p', '', question), answers);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(dialog.returnValue === 'yes');
  }));
}
