// The address of the page. Its fragment names the room and never reaches a server: room, k (the key of a room), cert (the pin of
// the server's certificate) and t, the token of this machine's history, which leaves the address at once.

const TOKEN = 'egoat-token';
const CERTIFICATE = 'egoat-cert';
const ROOM_NAME = /^[\p{L}\p{N}_.-]{1,64}$/u;

export const isRoomName = name => ROOM_NAME.test(name);

export const token = () => sessionStorage.getItem(TOKEN);

const fragment = () => new URLSearchParams(location.hash.slice(1));

const setFragment = parts => history.replaceState(null, '', location.pathname + (parts.size > 0 ? `#${parts}` : ''));

// True when there was one.
export function takeToken() {
  const parts = fragment();
  const taken = parts.get('t');
  if (parts.get('cert')) sessionStorage.setItem(CERTIFICATE, parts.get('cert'));
  if (!taken) return false;
  sessionStorage.setItem(TOKEN, taken);
  parts.delete('t');
  setFragment(parts);
  return true;
}

// A link that somebody has pasted: its token, if it has one for this server.
export function takeTokenFrom(text) {
  const taken = parse(text)?.get('t');
  if (taken) sessionStorage.setItem(TOKEN, taken);
  return Boolean(taken);
}

// The room of the address; null when there is none that can be.
export function roomOfAddress() {
  const room = fragment().get('room');
  return room && isRoomName(room) ? room : null;
}

// A name or a link that somebody has typed: the room it means; null when it means none.
export function roomOf(text) {
  const room = parse(text)?.get('room') ?? text.trim();
  return isRoomName(room) ? room : null;
}

export function enterAddress(room) {
  const parts = fragment();
  if (parts.get('room') === room) return;
  parts.set('room', room);
  history.pushState(null, '', `${location.pathname}#${parts}`);
}

export function leaveAddress() {
  const parts = fragment();
  parts.delete('room');
  parts.delete('k');
  history.pushState(null, '', location.pathname + (parts.size > 0 ? `#${parts}` : ''));
}

// What others open to come into the room.
export function invitation(room) {
  const parts = new URLSearchParams({ room });
  const certificate = fragment().get('cert') ?? sessionStorage.getItem(CERTIFICATE);
  if (certificate) parts.set('cert', certificate);
  return `${location.origin}${location.pathname}#${parts}`;
}

export const isLoopback = () => /^(localhost|127\..*|\[::1\])$/.test(location.hostname);

export const isSelfSigned = () => location.protocol === 'https:' && Boolean(fragment().get('cert') ?? sessionStorage.getItem(CERTIFICATE));

function parse(text) {
  const hash = text.indexOf('#');
  return hash < 0 ? null : new URLSearchParams(text.trim().slice(hash + 1));
}
