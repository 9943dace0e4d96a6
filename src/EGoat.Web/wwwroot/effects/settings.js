// What the page's user has set, in this browser.

const NAME = 'egoat-name';
const ROOMS = 'egoat-rooms';
const SOUND = 'egoat-sound';
const MAX_ROOMS = 8;

export const savedName = () => localStorage.getItem(NAME);

export const saveName = name => localStorage.setItem(NAME, name);

export function savedRooms() {
  try {
    const rooms = JSON.parse(localStorage.getItem(ROOMS) ?? '[]');
    return Array.isArray(rooms) ? rooms.filter(room => typeof room === 'string') : [];
  } catch {
    return [];
  }
}

export const rememberRoom = room => localStorage.setItem(ROOMS, JSON.stringify([room, ...savedRooms().filter(r => r !== room)].slice(0, MAX_ROOMS)));

export const hasSound = () => localStorage.getItem(SOUND) === 'on';

export const setSound = isOn => localStorage.setItem(SOUND, isOn ? 'on' : 'off');

const draftOf = room => `egoat-draft-${room}`;

export const savedDraft = room => sessionStorage.getItem(draftOf(room)) ?? '';

export const saveDraft = (room, text) => text ? sessionStorage.setItem(draftOf(room), text) : sessionStorage.removeItem(draftOf(room));
