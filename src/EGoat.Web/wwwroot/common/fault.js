// An error with a text in the language of the user, and in English for the other side.

import { inEnglish, t } from './words.js';

export function fault(key, values, more) {
  return Object.assign(new Error(inEnglish(key, values)), { shown: t(key, values) }, more);
}

// What a peer gives as its reason, behind a sentence of ours; nothing when it only says the same again.
const SAME = /^(It was cancelled|(The )?(sender|receiver) cancelled it|You cancelled it)?\.?$/i;

export const faultOfPeer = (key, reason, more) => SAME.test(reason) ? fault(`${key}-plain`, {}, more) : fault(key, { reason }, more);

export const shownError = error => error.shown ?? error.message;
