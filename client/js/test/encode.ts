import { concat, utf8 } from '../src/bytes.ts';
import type { CBOR } from '../src/cbor.ts';

/** RFC 8949 §4.2.1, with Node's comparison of keys. */
export function encode(value: CBOR): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number' || typeof value === 'bigint') return value < 0 ? head(1, -1n - BigInt(value)) : head(0, BigInt(value));
  if (typeof value === 'string') return concat(head(3, BigInt(utf8(value).length)), utf8(value));
  if (value instanceof Uint8Array) return concat(head(2, BigInt(value.length)), value);
  if (Array.isArray(value)) return concat(head(4, BigInt(value.length)), ...value.map(encode));
  const pairs = Object.entries(value).map(([name, v]) => [encode(name), encode(v)] as const);
  return concat(head(5, BigInt(pairs.length)), ...pairs.sort(([a], [b]) => Buffer.compare(a, b)).flat());
}

/** The head of an item: its major type and argument. */
export function head(major: number, n: bigint): Uint8Array {
  const width = [24n, 1n << 8n, 1n << 16n, 1n << 32n].findIndex((bound) => n < bound);
  if (width === 0) return Uint8Array.of((major << 5) | Number(n));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(n);
  const info = width < 0 ? 27 : 23 + width;
  return concat([(major << 5) | info], new Uint8Array(bytes.subarray(8 - 2 ** (info - 24))));
}
