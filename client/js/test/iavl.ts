import { createHash } from 'node:crypto';
import { concat, utf8, uvarint } from '../src/bytes.ts';

// A small IAVL tree, written anew with Node's SHA-256, and how parts of it are left out.

interface Inner {
  height: number;
  size: number;
  version: number;
  left: Node;
  right: Node;
  hash: Uint8Array;
}
export interface Record {
  key: string;
  value: Uint8Array;
  version: number;
  hash: Uint8Array;
}
export type Node = Inner | Record;

export const sha256 = (...parts: (Uint8Array | number[])[]): Uint8Array => new Uint8Array(createHash('sha256').update(concat(...parts)).digest());
export const zigzag = (n: number): number[] => uvarint(2 * n);
const isRecord = (n: Node): n is Record => 'key' in n;
const heightOf = (n: Node): number => (isRecord(n) ? 0 : n.height);
const sizeOf = (n: Node): number => (isRecord(n) ? 1 : n.size);

/** A leaf. */
export function record(key: string, value: Uint8Array, version: number): Record {
  return { key, value, version, hash: sha256(zigzag(0), zigzag(1), zigzag(version), uvarint(key.length), utf8(key), [32], sha256(value)) };
}

function inner(left: Node, right: Node, version: number): Inner {
  const [height, size] = [1 + Math.max(heightOf(left), heightOf(right)), sizeOf(left) + sizeOf(right)];
  return { height, size, version, left, right, hash: sha256(zigzag(height), zigzag(size), zigzag(version), [32], left.hash, [32], right.hash) };
}

/** A tree over records in order, split where pick says. */
export function build(records: Record[], split: (n: number) => number): Node {
  if (records.length === 1) return records[0]!;
  const at = split(records.length);
  return inner(build(records.slice(0, at), split), build(records.slice(at), split), records.length);
}

export type Show = 'shown' | 'hidden' | 'gone';

/** Writes a pruned tree; nodes none of whose records are to be shown are left out. */
export function prune(root: Node, show: (key: string) => Show): Uint8Array {
  let last = '';
  const needed = (n: Node): boolean => (isRecord(n) ? show(n.key) !== 'gone' : needed(n.left) || needed(n.right));
  const write = (n: Node): Uint8Array => {
    if (isRecord(n)) {
      let shared = 0;
      while (shared < last.length && last[shared] === n.key[shared]) shared++;
      last = n.key;
      const rest = utf8(n.key.slice(shared));
      const head = concat(uvarint(n.version), uvarint(shared), uvarint(rest.length), rest);
      return show(n.key) === 'hidden' ? concat([2], head, sha256(n.value)) : concat([1], head, uvarint(n.value.length), n.value);
    }
    const numbers = [...uvarint(n.height), ...uvarint(n.size), ...uvarint(n.version)];
    if (!needed(n.left)) return concat([4], numbers, n.left.hash, write(n.right));
    if (!needed(n.right)) return concat([5], numbers, write(n.left), n.right.hash);
    return concat([3], uvarint(n.version), write(n.left), write(n.right));
  };
  return write(root);
}

/** Splits records as evenly as can be. */
export const halves = (n: number): number => n >> 1;
