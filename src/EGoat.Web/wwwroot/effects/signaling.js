// Keeps the page joined to a room of the server that it came from, for as long as it is in the room: after a loss it tries again
// with growing pauses, and at once when the machine is online again.

const FIRST_PAUSE = 200;
const MAX_PAUSE = 30_000;

// A server that says nothing for so long is asked for a sign of life, and given up when none comes.
const QUIET = 20_000;
const SIGN_TIMEOUT = 10_000;
const FINAL = ['unsupported-version', 'bad-room', 'bad-peer'];

export class Signaling {
  #room;
  #peer;
  #handlers;
  #socket;
  #ticket;
  #pause = FIRST_PAUSE;
  #isClosed = false;
  #wasJoined = false;
  #retrying;
  #watching;
  #onOnline = () => this.#renew();

  // handlers: joined(peers, iceServers, isRejoin), peerJoined(id), peerLeft(id), signal(from, data), lost(), refused(code, message)
  constructor(room, peer, handlers) {
    this.#room = room;
    this.#peer = peer;
    this.#handlers = handlers;
    addEventListener('online', this.#onOnline);
    this.#connect();
  }

  send(to, data) {
    this.#write({ type: 'signal', to, data: JSON.stringify(data) });
  }

  close() {
    this.#isClosed = true;
    removeEventListener('online', this.#onOnline);
    clearTimeout(this.#retrying);
    clearTimeout(this.#watching);
    this.#socket?.close();
  }

  #write(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    clearTimeout(this.#retrying);
    const url = new URL('/signal', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
    const socket = this.#socket = new WebSocket(url);
    const isCurrent = () => socket === this.#socket;
    socket.onopen = () => isCurrent() && this.#write({ type: 'join', v: 1, room: this.#room, peer: this.#peer, ticket: this.#ticket });
    socket.onmessage = e => isCurrent() && this.#receive(e.data);
    socket.onclose = () => isCurrent() && this.#retry();
    this.#watch();
  }

  // The addresses of the machine may be others now: the socket may be dead without knowing.
  #renew() {
    if (this.#isClosed) return;
    this.#drop();
    this.#pause = FIRST_PAUSE;
    this.#connect();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #watch() {
    clearTimeout(this.#watching);
    this.#watching = setTimeout(() => {
      // Whatever the server answers to a message that nobody gets is a sign of life.
      this.#write({ type: 'signal', to: this.#peer, data: '{"kind":"none"}' });
      this.#watching = setTimeout(() => {
        this.#drop();
        this.#retry();
      }, SIGN_TIMEOUT);
    }, QUIET);
  }

  #receive(data) {
    this.#watch();
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    switch (message?.type) {
      case 'joined':
        this.#ticket = message.ticket;
        this.#pause = FIRST_PAUSE;
        this.#handlers.joined(strings(message.peers), servers(message.iceServers), this.#wasJoined);
        this.#wasJoined = true;
        break;
      case 'peer-joined':
        if (typeof message.peer === 'string') this.#handlers.peerJoined(message.peer);
        break;
      case 'peer-left':
        this.#handlers.peerLeft(message.peer);
        break;
      case 'signal':
        this.#signal(message);
        break;
      case 'error':
        if (FINAL.includes(message.code)) this.close();
        if (message.code !== 'unknown-peer') this.#handlers.refused(String(message.code), String(message.message));
        break;
    }
  }

  #signal({ from, data }) {
    if (from === this.#peer) return;
    let introduction;
    try {
      introduction = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof from === 'string' && introduction !== null && typeof introduction === 'object') this.#handlers.signal(from, introduction);
  }

  #retry() {
    if (this.#isClosed) return;
    clearTimeout(this.#watching);
    clearTimeout(this.#retrying);
    this.#handlers.lost();
    this.#retrying = setTimeout(() => this.#isClosed || this.#connect(), this.#pause * (0.5 + 0.5 * Math.random()));
    this.#pause = Math.min(2 * this.#pause, MAX_PAUSE);
  }
}

const strings = list => Array.isArray(list) ? list.filter(item => typeof item === 'string') : [];

// What a browser would throw at is left out.
const servers = list => Array.isArray(list) ? list.filter(s => s !== null && typeof s === 'object' && strings(s.urls).length > 0).map(s => ({ ...s, urls: strings(s.urls) })) : [];
