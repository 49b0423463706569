import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal } from './bytes.ts';

/** Hashes of RFC 6962 §2.1. */
export const leafHash = (data: Uint8Array): Uint8Array => sha256.create().update(LEAF).update(data).digest();
export const childrenHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concat(NODE, left, right));

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The root over leaves, at least one. */
export function merkleRoot(leaves: Uint8Array[]): Uint8Array {
  const log = new Log();
  for (const leaf of leaves) log.append(leafHash(leaf));
  return rootOf(log);
}

/** Splits a proof into its hashes, undefined if its length is not a multiple of 32. */
export function hashesOf(path: Uint8Array | undefined): Uint8Array[] | undefined {
  if (path === undefined) return [];
  if (path.length % 32 !== 0) return undefined;
  return Array.from({ length: path.length / 32 }, (_, i) => path.subarray(32 * i, 32 * i + 32));
}

/** Half of an integer, rounded down. Indexes and sizes have 53 bits: shifts would cut them to 32. */
const half = (n: number): number => Math.floor(n / 2);

/**
 * The root that an inclusion proof leads to from the hash of the leaf at an index of a log of a size: RFC 9162 §2.1.3.2. undefined if
 * the proof is too short or too long, or the index beyond the log.
 */
export function rootFromInclusion(index: number, size: number, leaf: Uint8Array, path: Uint8Array[]): Uint8Array | undefined {
  if (index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const hash of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      root = childrenHash(hash, root);
      for (; node % 2 === 0 && node !== 0; last = half(last)) node = half(node);
    } else {
      root = childrenHash(root, hash);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? root : undefined;
}

/** Reports whether a consistency proof shows that the older log is the beginning of the newer: RFC 9162 §2.1.4.2. */
export function consistent(older: number, newer: number, path: Uint8Array[], olderRoot: Uint8Array, newerRoot: Uint8Array): boolean {
  if (older === newer) return path.length === 0 && equal(olderRoot, newerRoot);
  if (older === 0 || older > newer || path.length === 0) return false;
  let node = older - 1;
  let last = newer - 1;
  for (; node % 2 === 1; last = half(last)) node = half(node);
  // The older log is a perfect tree when it is the whole left edge: then its root begins the proof.
  const [first, ...rest] = node === 0 ? [olderRoot, ...path] : path;
  let a = first!;
  let b = first!;
  for (const hash of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      a = childrenHash(hash, a);
      b = childrenHash(hash, b);
      for (; node % 2 === 0 && node !== 0; last = half(last)) node = half(node);
    } else {
      b = childrenHash(b, hash);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equal(a, olderRoot) && equal(b, newerRoot);
}

/** A log's size and the roots of its perfect subtrees, largest first: one for each bit that is set in the size. */
export interface Peaks {
  size: number;
  peaks: Uint8Array[];
}

/** A log to which leaves are appended. */
export class Log implements Peaks {
  size = 0;
  peaks: Uint8Array[] = [];

  append(leaf: Uint8Array): void {
    let node = leaf;
    for (let n = this.size; n % 2 === 1; n = half(n)) node = childrenHash(this.peaks.pop()!, node);
    this.peaks.push(node);
    this.size++;
  }
}

/** The number of peaks that a log of a size has. */
export function peakCount(size: number): number {
  let n = 0;
  for (; size > 0; size = half(size)) n += size % 2;
  return n;
}

/** The root of a log. */
export function rootOf(log: Peaks): Uint8Array {
  if (log.size === 0) return sha256(new Uint8Array(0));
  return log.peaks.reduceRight((right, left) => childrenHash(left, right));
}
