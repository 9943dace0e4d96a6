// What the page says, in the language of its user: texts by key, one file for each language, with {places} for values. A text
// with forms for numbers is an object by plural category.

import english from '../lang/en.js';

const LANGUAGES = ['en', 'de', 'es', 'fr', 'pt', 'ja', 'zh'];

let words = english;
let language = 'en';

// The first of the preferred languages that there is a file for. English stands in for whatever a file lacks.
export async function chooseLanguage(preferred = navigator.languages) {
  const codes = preferred.map(tag => tag.toLowerCase().split('-')[0]);
  const found = codes.find(code => LANGUAGES.includes(code)) ?? 'en';
  if (found === 'en') return language;
  try {
    words = (await import(`../lang/${found}.js`)).default;
    language = found;
  } catch {
    // English it is.
  }
  return language;
}

export const t = (key, values) => say(words[key] ?? english[key], language, values) ?? key;

// Peers and programs are told reasons in English.
export const inEnglish = (key, values) => say(english[key], 'en', values) ?? key;

function say(text, code, values = {}) {
  const form = typeof text === 'object' ? text[new Intl.PluralRules(code).select(values.count)] ?? text.other : text;
  return form?.replace(/\{(\w+)\}/g, (_, name) => name === 'count' ? new Intl.NumberFormat(code).format(values.count) : values[name] ?? '');
}

export const shownClock = time => time.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });

export const shownDay = time => time.toLocaleDateString(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
