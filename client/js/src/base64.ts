import { Fault } from './refusal.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d; // =

/** The 6 bits that a character stands for, 64 for all others. */
const bits = new Uint8Array(256).fill(64);
for (let i = 0; i < 64; i++) bits[alphabet.charCodeAt(i)] = i;

/** The number of padding characters. Throws a Fault for anything but the one way to write bytes (RFC 4648 §3.5, §4). */
export function checkBase64(text: Uint8Array): number {
  const n = text.length;
  if (n % 4 !== 0) throw new Fault('base64 without its padding');
  const padding = n === 0 || text[n - 1] !== PADDING ? 0 : text[n - 2] === PADDING ? 2 : 1;
  for (let i = 0; i < n - padding; i++) {
    if (bits[text[i]!] === 64) throw new Fault('not base64');
  }
  const unused = [0, 0x03, 0x0f][padding]!;
  if (padding > 0 && (bits[text[n - padding - 1]!]! & unused) !== 0) throw new Fault('base64 with bits that belong to no byte');
  return padding;
}

/** Decodes what checkBase64 admits. */
export function decodeBase64(text: Uint8Array): Uint8Array {
  const padding = checkBase64(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    // Padding stands for 64, whose bits fall off: the array ends before them.
    const word = (bits[text[i]!]! << 18) | (bits[text[i + 1]!]! << 12) | ((bits[text[i + 2]!]! & 63) << 6) | (bits[text[i + 3]!]! & 63);
    bytes[at++] = word >> 16;
    bytes[at++] = word >> 8;
    bytes[at++] = word;
  }
  return bytes;
}
