// Keeps the page joined to a room of the server that it came from; tries again with growing pauses after a loss.

const FIRST_PAUSE = 200;
const MAX_PAUSE = 5000;
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

  // handlers: joined(peers, iceServers, isRejoin), peerJoined(id), peerLeft(id), signal(from, data), lost(), refused(message)
  constructor(room, peer, handlers) {
    this.#room = room;
    this.#peer = peer;
    this.#handlers = handlers;
    this.#connect();
  }

  send(to, data) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: 'signal', to, data: JSON.stringify(data) }));
    }
  }

  close() {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #connect() {
    const url = new URL('/signal', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = this.#socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'join', v: 1, room: this.#room, peer: this.#peer, ticket: this.#ticket }));
    socket.onmessage = e => this.#receive(JSON.parse(e.data));
    socket.onclose = () => this.#retry();
  }

  #receive(message) {
    switch (message.type) {
      case 'joined':
        this.#ticket = message.ticket;
        this.#pause = FIRST_PAUSE;
        this.#handlers.joined(message.peers, message.iceServers ?? [], this.#wasJoined);
        this.#wasJoined = true;
        break;
      case 'peer-joined':
        this.#handlers.peerJoined(message.peer);
        break;
      case 'peer-left':
        this.#handlers.peerLeft(message.peer);
        break;
      case 'signal':
        this.#handlers.signal(message.from, JSON.parse(message.data));
        break;
      case 'error':
        if (FINAL.includes(message.code)) this.#isClosed = true;
        if (message.code !== 'unknown-peer') this.#handlers.refused(message.message);
        break;
    }
  }

  #retry() {
    if (this.#isClosed) return;
    this.#handlers.lost();
    setTimeout(() => this.#isClosed || this.#connect(), this.#pause * (0.5 + 0.5 * Math.random()));
    this.#pause = Math.min(2 * this.#pause, MAX_PAUSE);
  }
}
