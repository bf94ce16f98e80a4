// Ballots and seals: RFC 9474 (RSABSSA-SHA384-PSS-Randomized), P-256 and AES-GCM.
// No dependencies and no page: bytes in, bytes out. docs/privacy.md says what it is for.

const subtle = globalThis.crypto?.subtle;
const EXPONENT = 65537n;
const NOTHING = new Uint8Array();

/** What the client will not go on with; `message` says it in one word. */
export class Refused extends Error {}

// Bytes, texts and numbers.

const utf8 = (text) => new TextEncoder().encode(text);

/** Put parts behind each other; texts among them in UTF-8. */
export const joined = (...parts) =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? utf8(part) : part)]));

export function encode(bytes) {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Read base64url, but only in the one spelling that each value has. */
export function decode(text, length) {
  if (!/^[\w-]+$/.test(text ?? "") || text.length % 4 === 1) throw new Refused("malformed");
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  if (bytes.length !== length || encode(bytes) !== text) throw new Refused("malformed");
  return bytes;
}

const hex = (byte) => byte.toString(16).padStart(2, "0");
export const toNumber = (bytes) => BigInt("0x0" + Array.from(bytes, hex).join(""));
const toBytes = (number, length) =>
  Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * (length - 1 - i))) & 0xffn));

function power(base, exponent, n) {
  let result = 1n;
  for (; exponent; exponent >>= 1n, base = (base * base) % n) {
    if (exponent & 1n) result = (result * base) % n;
  }
  return result;
}

function inverse(number, n) {
  let [a, b, x, y] = [n, number % n, 0n, 1n];
  while (b) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  if (a !== 1n) throw new Refused("manifest"); // shares a factor with the modulus
  return ((x % n) + n) % n;
}

export const sha = async (bits, bytes) => new Uint8Array(await subtle.digest(`SHA-${bits}`, bytes));

export async function hkdf(secret, salt, info, length) {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: utf8(info) };
  return new Uint8Array(await subtle.deriveBits(how, key, 8 * length));
}

async function isSignedBy(publicKey, signature, ...message) {
  const how = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await subtle.importKey("raw", decode(publicKey, 65), how, false, ["verify"]);
  return subtle.verify(how, key, decode(signature, 64), joined(...message));
}

// Ballots.

/** EMSA-PSS-ENCODE of RFC 8017, section 9.1.1, with SHA-384 and MGF1. */
async function encodePss(message, bits, salt) {
  const length = (bits + 7) >> 3;
  const digest = await sha(384, joined(new Uint8Array(8), await sha(384, message), salt));
  const block = joined(new Uint8Array(length - salt.length - 50), [1], salt);
  for (let at = 0; at < block.length; at += 48) {
    const mask = await sha(384, joined(digest, toBytes(BigInt(at / 48), 4)));
    block.subarray(at, at + 48).forEach((byte, i) => (block[at + i] = byte ^ mask[i]));
  }
  block[0] &= 0xff >> (8 * length - bits);
  return joined(block, digest, [0xbc]);
}

/** Blind a prepared message by a factor; `inverse` takes the blinding off again. */
export async function blind(prepared, { modulus, salt, factor }) {
  const n = toNumber(modulus);
  const message = toNumber(await encodePss(prepared, n.toString(2).length - 1, salt));
  inverse(message, n);
  const blinded = toBytes((message * power(factor, EXPONENT, n)) % n, modulus.length);
  return { prepared, modulus, message, blinded, inverse: inverse(factor, n) };
}

export const newSeed = () => crypto.getRandomValues(new Uint8Array(32));

/** Begin a ballot. All of it follows from the seed: the same seed brings the same ballot. */
export async function beginBallot(seed, { wave, group, modulus, digest }) {
  const info = `headwater ballot v1|${wave}|${group}`;
  const drawn = await hkdf(seed, NOTHING, info, 128 + modulus.length);
  const [prefix, nonce, salt] = [drawn.slice(0, 32), drawn.slice(32, 64), drawn.slice(64, 112)];
  const factor = (toNumber(drawn.slice(112)) % (toNumber(modulus) - 1n)) + 1n;
  const prepared = joined(prefix, "HEADWATER-BALLOT-v1\0", digest, nonce);
  return blind(prepared, { modulus, salt, factor });
}

/** Take the blinding off. A signature that does not fit ends it: never try another seed. */
export function finishBallot(ballot, blindSignature) {
  const number = (toNumber(blindSignature) * ballot.inverse) % toNumber(ballot.modulus);
  const signature = toBytes(number, ballot.modulus.length);
  if (!isSigned(ballot, signature)) throw new Refused("forged");
  return signature;
}

/** Tell whether a signature is this ballot's, under the modulus of the manifest. */
export function isSigned({ modulus, message }, signature) {
  const [number, n] = [toNumber(signature), toNumber(modulus)];
  return number < n && power(number, EXPONENT, n) === message;
}

export const receiptOf = (prepared) => sha(256, joined("headwater receipt v1", prepared));

// The manifest.

/** Read the manifest, but only that of this wave, this client and this guardian's key. */
export async function readManifest({ manifest: text, signature }, { wave, client, guardian }) {
  const manifest = JSON.parse(text);
  let isOurs = (manifest.guardian?.key ?? null) === guardian;
  if (isOurs && guardian) {
    isOurs = await isSignedBy(guardian, signature, "headwater manifest v1", text);
  }
  if (!isOurs) throw new Refused("guardian");
  if (manifest.wave !== wave || manifest.client_sha256 !== client) throw new Refused("manifest");
  return { ...manifest, digest: await sha(256, utf8(text)) };
}

/** Say the first 88 bits of a digest as eight words. */
export function words(digest) {
  return [7, 6, 5, 4, 3, 2, 1, 0].map((place) => {
    const bits = Number((toNumber(digest.slice(0, 11)) >> BigInt(11 * place)) & 0x7ffn);
    const [first, second] = [bits >> 7, (bits >> 1) & 15].map((i) => "bdfghjklmnprstvz"[i]);
    return first + "aeio"[(bits >> 5) & 3] + second + ["an", "or"][bits & 1];
  });
}

// Seals and acknowledgements.

/** Write the fields of a form at one length for everybody. */
export function padFields(fields, pad) {
  const content = utf8(JSON.stringify(fields));
  const room = pad - 4 - content.length;
  if (room < 0) throw new Refused("long");
  return joined(toBytes(BigInt(content.length), 4), content, new Uint8Array(room));
}

/** Seal bytes so that only the private count key opens them, bound to one receipt. */
export async function seal(countKey, content, receipt) {
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  const once = await subtle.generateKey(ecdh, true, ["deriveBits"]);
  const front = new Uint8Array(await subtle.exportKey("raw", once.publicKey));
  const theirs = await subtle.importKey("raw", decode(countKey, 65), ecdh, false, []);
  const agreed = await subtle.deriveBits({ ...ecdh, public: theirs }, once.privateKey, 256);
  const secret = await hkdf(agreed, front, "headwater seal v1", 32);
  const key = await subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt"]);
  const how = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: receipt };
  return joined(front, new Uint8Array(await subtle.encrypt(how, key, content)));
}

/** Tell whether the collector has signed for exactly these sealed answers. */
export async function isAcknowledged(reply, { manifest, receipt, sealed }) {
  const signed = ["headwater receipt v1", manifest.digest, receipt, await sha(256, sealed)];
  const isOurs = reply.receipt === encode(receipt);
  return isOurs && isSignedBy(manifest.receipt_key, reply.acknowledgement, ...signed);
}
