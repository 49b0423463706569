import { Fault } from './refusal.ts';

/** 0x and lower-case hexadecimal digits, two for each byte. */
export type Hex = string;

/** The largest integer that evidence may hold, 2^53-1: every JSON implementation carries it exactly (RFC 7493 §2.2). */
export const MAX_INTEGER = Number.MAX_SAFE_INTEGER;

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Writes bytes as 0x and lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): Hex {
  let text = '0x';
  for (const b of bytes) text += digits[b];
  return text;
}

/** Reports whether a text is as toHex writes it. */
export const isHex = (text: string): boolean => text.startsWith('0x') && text.length % 2 === 0 && !/[^0-9a-f]/.test(text.slice(2));

/** Reads the form that toHex writes, which is the only one; throws an Error for any other. */
export function fromHex(text: Hex): Uint8Array {
  if (!isHex(text)) throw new Fault('not 0x and lower-case hexadecimal digits');
  const bytes = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i + 2, 2 * i + 4), 16);
  return bytes;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compare(a, b) === 0;
}

/** Orders byte by byte; a beginning stands before the whole. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

export function concat(...parts: (Uint8Array | number[])[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Decodes UTF-8 and keeps every character, a byte order mark too. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault('text that is not UTF-8');
  }
}

/** The unsigned LEB128 of an integer from 0 to 2^53-1 (or an even one to 2^54): too wide for the 32 bits of << and |. */
export function uvarint(n: number): number[] {
  const bytes: number[] = [];
  for (; n >= 0x80; n = Math.floor(n / 0x80)) bytes.push((n % 0x80) | 0x80);
  bytes.push(n);
  return bytes;
}

/** 64 bits, little-endian. */
export function fixed64(n: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, n % 2 ** 32, true);
  view.setUint32(4, Math.floor(n / 2 ** 32), true);
  return bytes;
}

/** Reads the binary parts of evidence. What is not there throws a Fault. */
export class Reader {
  readonly data: Uint8Array;
  at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  byte(): number {
    const b = this.data[this.at];
    if (b === undefined) throw new Fault('it ends too early');
    this.at++;
    return b;
  }

  /** The next n bytes, a part of the file. */
  bytes(n: number): Uint8Array {
    if (n > this.data.length - this.at) throw new Fault('it ends too early');
    return this.data.subarray(this.at, (this.at += n));
  }

  /** An unsigned LEB128 number of at most 2^53-1 in its shortest form. */
  uvarint(): number {
    let n = 0;
    for (let unit = 1; unit < 2 ** 56; unit *= 0x80) {
      const b = this.byte();
      n += (b & 0x7f) * unit; // exact below 2^53; what is above stays above when rounded
      if (b >= 0x80) continue;
      if ((b === 0 && unit > 1) || n > MAX_INTEGER) break;
      return n;
    }
    throw new Fault('a number is beyond 2^53-1, or not in its shortest form');
  }

  end(): void {
    if (this.at !== this.data.length) throw new Fault('something follows its end');
  }
}
