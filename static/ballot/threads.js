// Threads: the code by which the author of a comment reads its answer, and the id made of it.
// Only the id travels, inside the seal. The codes of two comments have nothing in common.

import { hkdf, joined, sha, toNumber } from "./ballot.js";

const DOMAIN = "headwater thread v1";
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const timesA = (value) => (value & 16 ? (value << 1) ^ 0b100101 : value << 1);

/** Derive the code of one comment from the seed of a ballot, its check character last. */
export async function codeOf(seed, { wave, item }) {
  const bits = toNumber(await hkdf(seed, new Uint8Array(), `${DOMAIN}|${wave}|${item}`, 10));
  const values = Array.from({ length: 16 }, (_, i) => Number((bits >> BigInt(5 * i)) & 31n));
  const check = values.reduceRight((total, value) => timesA(total ^ value), 0);
  return [...values, check].map((value) => ALPHABET[value]).join("");
}

/** Give the id of the thread that a code opens. */
export async function threadOf(code) {
  const digest = await sha(256, joined(DOMAIN, code));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Write a code in groups of four, as it is read and typed. */
export const printed = (code) => code.match(/.{1,4}/g).join("-");

/** Put beside each comment the id of its thread, in a field that no item can be called like. */
export async function withThreads(fields, items, { seed, wave }) {
  const all = { ...fields };
  for (const item of items) {
    all[`${item}.thread`] = [await threadOf(await codeOf(seed, { wave, item }))];
  }
  return all;
}
