// An error with a text in the language of the user, and in English for the other side.

import { inEnglish, t } from './words.js';

export function fault(key, values, more) {
  return Object.assign(new Error(inEnglish(key, values)), { shown: t(key, values) }, more);
}

export const shownError = error => error.shown ?? error.message;
