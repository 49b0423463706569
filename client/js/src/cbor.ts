import { compare, concat, MAX_INTEGER, textOf, utf8 } from './bytes.ts';
import { Fault } from './refusal.ts';

/** A value of the ledger's CBOR. Integers beyond 2^53-1 are bigints; maps have no prototype. */
export type CBOR = string | number | bigint | boolean | null | Uint8Array | CBOR[] | CBORMap;
export interface CBORMap {
  [name: string]: CBOR;
}

/** The major types, RFC 8949 §3.1. */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
const SIMPLE = 7;

/** Reads deterministic CBOR (RFC 8949 §4.2.1) item by item; every other encoding throws a Fault. */
export class CBORReader {
  readonly data: Uint8Array;
  private readonly view: DataView;
  at = 0;
  /** What head read: an item's major type and argument. */
  major = 0;
  argument: number | bigint = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** Reads an item's head. Its argument must be written as short as it can be. */
  head(): void {
    const first = this.skip(1);
    const initial = this.data[first]!;
    const info = initial & 0x1f;
    this.major = initial >> 5;
    switch (info) {
      case 24:
        this.argument = this.view.getUint8(this.skip(1));
        if (this.argument < 24) throw new Fault('CBOR: a number is not in its shortest form');
        break;
      case 25:
        this.argument = this.view.getUint16(this.skip(2));
        if (this.argument < 2 ** 8) throw new Fault('CBOR: a number is not in its shortest form');
        break;
      case 26:
        this.argument = this.view.getUint32(this.skip(4));
        if (this.argument < 2 ** 16) throw new Fault('CBOR: a number is not in its shortest form');
        break;
      case 27: {
        const wide = this.view.getBigUint64(this.skip(8));
        if (wide < 2 ** 32) throw new Fault('CBOR: a number is not in its shortest form');
        this.argument = wide > MAX_INTEGER ? wide : Number(wide);
        break;
      }
      default:
        if (info > 27) throw new Fault('CBOR: an item of indefinite or unknown length');
        this.argument = info;
    }
    if (this.major === 6) throw new Fault('CBOR: a tag');
    if (this.major === SIMPLE && (initial < 0xf4 || initial > 0xf6)) throw new Fault('CBOR: neither false, true nor null');
  }

  /** Passes over n bytes and returns where they begin. */
  private skip(n: number): number {
    if (n > this.data.length - this.at) throw new Fault('CBOR: it ends too early');
    this.at += n;
    return this.at - n;
  }

  /** Reads the head of an item of a major type and returns its argument: a length. */
  length(major: number, most: number): number {
    this.head();
    if (this.major !== major || this.argument > most) throw new Fault(`CBOR: not an item of major type ${major}, or too long`);
    return Number(this.argument);
  }

  /** The content of the byte or text string whose head was read. */
  content(): Uint8Array {
    if (this.argument > this.data.length) throw new Fault('CBOR: it ends too early');
    const begin = this.skip(Number(this.argument));
    return this.data.subarray(begin, this.at);
  }

  text(): string {
    this.length(TEXT, this.data.length);
    return textOf(this.content());
  }

  end(): void {
    if (this.at !== this.data.length) throw new Fault('CBOR: something follows its end');
  }
}

/** The bounds of the Go program for what was authenticated. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 1 << 20;
const MAX_PAIRS = 1 << 17;

/** Decodes deterministic CBOR: one item, maps with text keys, no tags, no floats. Throws an Error for anything else. */
export function decodeCBOR(data: Uint8Array): CBOR {
  const reader = new CBORReader(data);
  const value = item(reader, 0);
  reader.end();
  return value;
}

function item(r: CBORReader, depth: number): CBOR {
  r.head();
  const { major, argument } = r;
  switch (major) {
    case UNSIGNED:
      return argument;
    case NEGATIVE:
      return argument < MAX_INTEGER ? -1 - Number(argument) : -1n - BigInt(argument);
    case BYTES:
      return r.content();
    case TEXT:
      return textOf(r.content());
    case SIMPLE:
      return argument === 22 ? null : argument === 21;
  }
  if (depth === MAX_DEPTH || argument > (major === MAP ? MAX_PAIRS : MAX_ELEMENTS)) throw new Fault('CBOR: too deep or too long');
  return major === MAP ? map(r, Number(argument), depth) : array(r, Number(argument), depth);
}

function array(r: CBORReader, n: number, depth: number): CBOR[] {
  const list: CBOR[] = [];
  for (let i = 0; i < n; i++) list.push(item(r, depth + 1));
  return list;
}

function map(r: CBORReader, n: number, depth: number): CBORMap {
  const members = Object.create(null) as CBORMap;
  let last = new Uint8Array(0) as Uint8Array; // the encoded key before
  for (let i = 0; i < n; i++) {
    const begin = r.at;
    const name = r.text();
    const key = r.data.subarray(begin, r.at);
    if (compare(last, key) >= 0) throw new Fault('CBOR: the keys of a map do not ascend');
    members[name] = item(r, depth + 1);
    last = key;
  }
  return members;
}

export const isMap = (value: CBOR | undefined): value is CBORMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

export const isHash = (value: CBOR | undefined): value is Uint8Array => value instanceof Uint8Array && value.length === 32;

/** Reports whether a value is an integer within ±(2^53-1). */
export const isInteger = (value: CBOR | undefined): value is number => typeof value === 'number';

/** The encoding of an item's head; n is below 2^32. */
export function encodeHead(major: number, n: number): number[] {
  const first = major << 5;
  if (n < 24) return [first | n];
  if (n < 2 ** 8) return [first | 24, n];
  if (n < 2 ** 16) return [first | 25, n >> 8, n & 0xff];
  return [first | 26, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff];
}

export function encodeText(text: string): Uint8Array {
  const bytes = utf8(text);
  return concat(encodeHead(TEXT, bytes.length), bytes);
}
