// QR codes (ISO/IEC 18004) of bytes at error correction level L, in the smallest version that holds them.

const MAX_VERSION = 20;
const LIGHT = 0;
const DARK = 1;

// By version: error correction codewords of a block, blocks (level L).
const CORRECTION = [0, 7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];
const BLOCKS = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];

const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x, y) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => x * y % 2 + x * y % 3 === 0,
  (x, y) => (x * y % 2 + x * y % 3) % 2 === 0,
  (x, y) => ((x + y) % 2 + x * y % 3) % 2 === 0,
];

// Rows of modules, true where dark; null when the text is too long. No quiet zone.
export function qrCode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length);
  if (version === 0) return null;
  const matrix = new Matrix(version);
  matrix.place(interleave(version, dataCodewords(version, bytes)));
  return matrix.masked();
}

function versionFor(length) {
  for (let version = 1; version <= MAX_VERSION; version++) {
    if (4 + lengthBits(version) + 8 * length <= 8 * capacity(version)) return version;
  }
  return 0;
}

const lengthBits = version => version < 10 ? 8 : 16;

const capacity = version => Math.floor(modules(version) / 8) - BLOCKS[version] * CORRECTION[version];

// What finder, timing and alignment patterns, format and version leave free.
function modules(version) {
  let free = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const count = Math.floor(version / 7) + 2;
    free -= (25 * count - 10) * count - 55;
    if (version >= 7) free -= 36;
  }
  return free;
}

function dataCodewords(version, bytes) {
  const bits = [];
  const push = (value, count) => {
    for (let i = count - 1; i >= 0; i--) bits.push(value >>> i & 1);
  };
  push(0b0100, 4);
  push(bytes.length, lengthBits(version));
  for (const byte of bytes) push(byte, 8);
  const room = 8 * capacity(version);
  push(0, Math.min(4, room - bits.length));
  push(0, (8 - bits.length % 8) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) push(pad, 8);
  return Uint8Array.from({ length: room / 8 }, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => byte << 1 | bit, 0));
}

// The codewords of the blocks in turn, then those of their error correction.
function interleave(version, data) {
  const count = BLOCKS[version];
  const short = Math.floor(data.length / count);
  const longer = data.length % count;
  const blocks = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - longer ? 1 : 0);
    blocks.push(data.subarray(at, at += length));
  }
  const generator = generatorOf(CORRECTION[version]);
  const corrections = blocks.map(block => remainder(block, generator));
  const result = [];
  for (const parts of [blocks, corrections]) {
    for (let i = 0; i < Math.max(...parts.map(p => p.length)); i++) for (const part of parts) if (i < part.length) result.push(part[i]);
  }
  return result;
}

// GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1.
function multiply(a, b) {
  let product = 0;
  for (let i = 7; i >= 0; i--) {
    product = product << 1 ^ (product >>> 7) * 0x11d;
    product ^= (b >>> i & 1) * a;
  }
  return product;
}

function generatorOf(degree) {
  const result = new Uint8Array(degree);
  result[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i++, root = multiply(root, 2)) {
    for (let j = 0; j < degree; j++) result[j] = multiply(result[j], root) ^ (result[j + 1] ?? 0);
  }
  return result;
}

function remainder(block, generator) {
  const result = [...new Uint8Array(generator.length)];
  for (const byte of block) {
    const factor = byte ^ result.shift();
    result.push(0);
    generator.forEach((coefficient, i) => { result[i] ^= multiply(coefficient, factor); });
  }
  return result;
}

class Matrix {
  #size;
  #version;
  #cells;
  #isFunction;

  constructor(version) {
    this.#version = version;
    this.#size = 4 * version + 17;
    this.#cells = Array.from({ length: this.#size }, () => new Uint8Array(this.#size));
    this.#isFunction = Array.from({ length: this.#size }, () => new Uint8Array(this.#size));
    this.#drawPatterns();
  }

  // Upwards and downwards in columns of two, from the right, around the column of the timing pattern.
  place(codewords) {
    let bit = 0;
    for (let right = this.#size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < this.#size; step++) {
        const y = (right + 1 & 2) === 0 ? this.#size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.#isFunction[y][x]) continue;
          this.#cells[y][x] = codewords[bit >>> 3] >>> 7 - (bit & 7) & 1;
          bit++;
        }
      }
    }
  }

  // With the mask that makes it easiest to read.
  masked() {
    const candidates = MASKS.map((_, mask) => this.#mask(mask));
    const penalties = candidates.map(penalty);
    return candidates[penalties.indexOf(Math.min(...penalties))].map(row => Array.from(row, cell => cell === DARK));
  }

  #mask(mask) {
    this.#drawFormat(mask);
    return this.#cells.map((row, y) => row.map((cell, x) => this.#isFunction[y][x] ? cell : cell ^ Number(MASKS[mask](x, y))));
  }

  #set(x, y, value) {
    this.#cells[y][x] = value;
    this.#isFunction[y][x] = 1;
  }

  #drawPatterns() {
    for (let i = 0; i < this.#size; i++) {
      this.#set(6, i, i % 2 === 0 ? DARK : LIGHT);
      this.#set(i, 6, i % 2 === 0 ? DARK : LIGHT);
    }
    for (const [x, y] of [[3, 3], [this.#size - 4, 3], [3, this.#size - 4]]) this.#drawFinder(x, y);
    const at = this.#alignments();
    for (const x of at) for (const y of at) if (!this.#isFinder(x, y)) this.#drawAlignment(x, y);
    this.#drawFormat(0);
    if (this.#version >= 7) this.#drawVersion();
  }

  #alignments() {
    if (this.#version === 1) return [];
    const count = Math.floor(this.#version / 7) + 2;
    const step = 2 * Math.ceil((this.#size - 13) / (2 * count - 2));
    return [6, ...Array.from({ length: count - 1 }, (_, i) => this.#size - 7 - i * step).reverse()];
  }

  #isFinder(x, y) {
    const far = this.#size - 7;
    return x === 6 && (y === 6 || y === far) || x === far && y === 6;
  }

  #drawFinder(centerX, centerY) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const distance = Math.max(Math.abs(dx), Math.abs(dy));
        const [x, y] = [centerX + dx, centerY + dy];
        if (x >= 0 && y >= 0 && x < this.#size && y < this.#size) this.#set(x, y, distance === 2 || distance === 4 ? LIGHT : DARK);
      }
    }
  }

  #drawAlignment(centerX, centerY) {
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) this.#set(centerX + dx, centerY + dy, Math.max(Math.abs(dx), Math.abs(dy)) === 1 ? LIGHT : DARK);
    }
  }

  // Level L is 01; BCH(15,5), masked so that it is never all light.
  #drawFormat(mask) {
    const data = 0b01 << 3 | mask;
    const bits = (data << 10 | bch(data, 10, 0x537)) ^ 0x5412;
    const last = this.#size - 1;
    for (let i = 0; i < 15; i++) {
      const bit = bits >>> i & 1;
      if (i < 6) this.#set(8, i, bit);
      else if (i < 8) this.#set(8, i + 1, bit);
      else if (i === 8) this.#set(7, 8, bit);
      else this.#set(14 - i, 8, bit);
      if (i < 8) this.#set(last - i, 8, bit);
      else this.#set(8, last - 14 + i, bit);
    }
    this.#set(8, last - 7, DARK);
  }

  #drawVersion() {
    const bits = this.#version << 12 | bch(this.#version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const bit = bits >>> i & 1;
      const [a, b] = [this.#size - 11 + i % 3, Math.floor(i / 3)];
      this.#set(a, b, bit);
      this.#set(b, a, bit);
    }
  }
}

function bch(data, degree, polynomial) {
  let rest = data;
  for (let i = 0; i < degree; i++) rest = rest << 1 ^ (rest >>> degree - 1) * polynomial;
  return rest;
}

function penalty(rows) {
  const size = rows.length;
  const columns = rows.map((_, x) => Uint8Array.from(rows, row => row[x]));
  let points = 0;
  for (const line of [...rows, ...columns]) points += runs(line) + finders(line);
  let dark = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += rows[y][x];
      if (x > 0 && y > 0 && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y - 1][x - 1]) points += 3;
    }
  }
  const percent = 100 * dark / size ** 2;
  const below = Math.floor(percent / 5) * 5;
  return points + 10 * Math.min(Math.abs(below - 50) / 5, Math.abs(below + 5 - 50) / 5);
}

function runs(line) {
  let points = 0;
  for (let i = 0, length = 0; i < line.length; i++) {
    length = i > 0 && line[i] === line[i - 1] ? length + 1 : 1;
    if (length === 5) points += 3;
    else if (length > 5) points++;
  }
  return points;
}

function finders(line) {
  const text = line.join('');
  let points = 0;
  for (const pattern of ['10111010000', '00001011101']) {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) points += 40;
  }
  return points;
}
