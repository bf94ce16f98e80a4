// QR codes of bytes: smallest version that holds them (1 to 25), error level L, mask 0.
// ISO/IEC 18004; `tests/browser/test_ballot_modules.py` compares every version with another encoder.

const LARGEST = 25;
// For level L, by version: error words in each block, and blocks.
const ERROR_WORDS = [
  7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26,
];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12];
const FORMAT = 0b111011111000100; // level L, mask 0, with its error bits

/** Give the modules of the code as rows of true (dark) and false. */
export function modulesOf(text) {
  const bytes = new TextEncoder().encode(text);
  const version = smallestVersion(bytes.length);
  const grid = new Grid(version);
  grid.fill(withErrorWords(dataWords(bytes, version), version));
  return grid.rows;
}

/** Draw the code as an SVG element, with the quiet zone around it. */
export function drawing(text, label) {
  const rows = modulesOf(text);
  const side = rows.length + 8;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const dark = rows.flatMap((row, y) => row.map((is, x) => (is ? `M${x + 4} ${y + 4}h1v1h-1z` : "")));
  path.setAttribute("d", dark.join(""));
  svg.append(path);
  return svg;
}

function smallestVersion(length) {
  for (let version = 1; version <= LARGEST; version++) {
    const header = version < 10 ? 12 : 20;
    if (header + 8 * length <= 8 * nDataWords(version)) return version;
  }
  throw new RangeError("too long for a code");
}

function alignments(version) {
  if (version === 1) return [];
  const n = Math.floor(version / 7) + 2;
  const step = 2 * Math.ceil((4 * version + 4) / (2 * n - 2));
  const last = 4 * version + 10;
  return [6, ...Array.from({ length: n - 1 }, (_, i) => last - step * (n - 2 - i))];
}

function nWords(version) {
  let modules = (16 * version + 128) * version + 64;
  const n = alignments(version).length;
  if (n) modules -= (25 * n - 10) * n - 55;
  if (version >= 7) modules -= 36;
  return modules >> 3;
}

function nDataWords(version) {
  return nWords(version) - ERROR_WORDS[version - 1] * BLOCKS[version - 1];
}

/** Byte mode, length, bytes, end, and the standard's filling. */
function dataWords(bytes, version) {
  const bits = [];
  const put = (value, n) => {
    for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => put(byte, 8));
  const room = 8 * nDataWords(version);
  put(0, Math.min(4, room - bits.length));
  put(0, -bits.length & 7);
  for (let word = 0xec; bits.length < room; word ^= 0xec ^ 0x11) put(word, 8);
  return Array.from({ length: room / 8 }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((word, bit) => 2 * word + bit, 0),
  );
}

/** Cut into blocks, add each block's error words, and lace the blocks. */
function withErrorWords(words, version) {
  const [n, nError] = [BLOCKS[version - 1], ERROR_WORDS[version - 1]];
  const short = Math.floor(words.length / n);
  const nShort = n - (words.length % n);
  const blocks = [];
  for (let i = 0, start = 0; i < n; i++) {
    const end = start + short + (i < nShort ? 0 : 1);
    blocks.push(words.slice(start, end));
    start = end;
  }
  const errors = blocks.map((block) => remainder(block, generator(nError)));
  return [...laced(blocks), ...laced(errors)];
}

function laced(blocks) {
  const longest = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: longest }, (_, i) => blocks.map((block) => block[i]))
    .flat()
    .filter((word) => word !== undefined);
}

function times(a, b) {
  let product = 0;
  for (let i = 7; i >= 0; i--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11d : 0);
    if ((b >> i) & 1) product ^= a;
  }
  return product;
}

function generator(degree) {
  const polynomial = [...Array(degree - 1).fill(0), 1];
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    polynomial.forEach((_, j) => {
      polynomial[j] = times(polynomial[j], root) ^ (polynomial[j + 1] ?? 0);
    });
  }
  return polynomial;
}

function remainder(words, divisor) {
  const rest = Array(divisor.length).fill(0);
  for (const word of words) {
    const factor = word ^ rest.shift();
    rest.push(0);
    divisor.forEach((coefficient, i) => (rest[i] ^= times(coefficient, factor)));
  }
  return rest;
}

class Grid {
  constructor(version) {
    this.size = 4 * version + 17;
    this.rows = Array.from({ length: this.size }, () => Array(this.size).fill(null));
    this.drawTiming();
    this.drawFinders();
    this.drawAlignments(alignments(version));
    this.drawFormat();
    if (version >= 7) this.drawVersion(version);
  }

  set(x, y, isDark) {
    if (y in this.rows && x in this.rows[y]) this.rows[y][x] = isDark;
  }

  drawTiming() {
    for (let i = 0; i < this.size; i++) {
      this.set(6, i, i % 2 === 0);
      this.set(i, 6, i % 2 === 0);
    }
  }

  drawFinders() {
    for (const [x, y] of [[3, 3], [this.size - 4, 3], [3, this.size - 4]]) {
      this.drawRings(x, y, 4, (ring) => ring !== 2 && ring !== 4);
    }
  }

  drawAlignments(places) {
    const [first, last] = [places[0], places.at(-1)];
    for (const y of places) {
      for (const x of places) {
        const isFinder = (x === first && y === first) || (x === first && y === last)
          || (x === last && y === first);
        if (!isFinder) this.drawRings(x, y, 2, (ring) => ring !== 1);
      }
    }
  }

  drawRings(x, y, radius, isDark) {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        this.set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  }

  drawFormat() {
    for (let i = 0; i < 15; i++) {
      const isDark = ((FORMAT >> i) & 1) === 1;
      const near = i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i;
      if (i < 8) this.set(8, near, isDark);
      else this.set(near, 8, isDark);
      if (i < 8) this.set(this.size - 1 - i, 8, isDark);
      else this.set(8, this.size - 15 + i, isDark);
    }
    this.set(8, this.size - 8, true);
  }

  drawVersion(version) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    const bits = (version << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const isDark = ((bits >> i) & 1) === 1;
      const [far, near] = [this.size - 11 + (i % 3), Math.floor(i / 3)];
      this.set(far, near, isDark);
      this.set(near, far, isDark);
    }
  }

  /** Lay the words in pairs of columns from the right, up and down, under mask 0. */
  fill(words) {
    let i = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const isUpward = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.size; step++) {
        const y = isUpward ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.rows[y][x] !== null) continue;
          const bit = i < 8 * words.length ? (words[i >> 3] >> (7 - (i & 7))) & 1 : 0;
          this.rows[y][x] = (bit ^ ((x + y) % 2 === 0 ? 1 : 0)) === 1;
          i++;
        }
      }
    }
  }
}
