// Texts with links, `code` and fenced blocks. Nothing else is made of what somebody wrote; what is shown is what was written.

import { t } from '../common/words.js';
import { button, element } from './dom.js';

const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?```$/gm;
const INLINE = /`([^`\n]+)`|(?:https?:\/\/|mailto:)[^\s<>"'`\u200b-\u200f\u202a-\u202e\u2066-\u2069]+/g;
const TRAILING = /[.,;:!?)\]}…]+$/;
const MAX_LINK = 2000;

export function richText(text, notice) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(FENCE)) {
    nodes.push(...inline(text.slice(end, match.index)));
    nodes.push(codeBlock(match[1], notice));
    end = match.index + match[0].length;
  }
  nodes.push(...inline(text.slice(end)));
  return nodes;
}

function codeBlock(code, notice) {
  const block = element('div', 'code');
  const pre = element('pre');
  pre.append(element('code', '', code));
  pre.tabIndex = 0;
  const copy = button('copy', t('copy'), async () => {
    await navigator.clipboard.writeText(code);
    copy.textContent = t('copied');
  }, notice);
  block.append(pre, copy);
  return block;
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [found, code] = match;
    const made = code === undefined ? link(found) : element('code', '', code);
    if (!made) continue;
    nodes.push(text.slice(end, match.index), made);
    end = match.index + (code === undefined ? made.textContent.length : found.length);
  }
  nodes.push(text.slice(end));
  return nodes.filter(node => node !== '');
}

function link(found) {
  const text = found.replace(TRAILING, '');
  if (text.length > MAX_LINK || !URL.canParse(text)) return null;
  const { protocol, host, pathname } = new URL(text);
  if (!['http:', 'https:', 'mailto:'].includes(protocol) || (protocol === 'mailto:' ? !pathname : !host)) return null;
  const made = element('a', '', text);
  made.href = text;
  made.target = '_blank';
  made.rel = 'noopener noreferrer';
  made.referrerPolicy = 'no-referrer';
  return made;
}
