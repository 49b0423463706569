import { sha256 } from '@noble/hashes/sha2.js';
import { concat, MAX_INTEGER, Reader, uvarint } from './bytes.ts';
import { MAX_BYTES } from './file.ts';
import { MAX_KEY } from './key.ts';
import { Fault, refusing } from './refusal.ts';

/** The nodes of a pruned tree, which is written root first, left before right. What is left out stands for itself by its hash. */
const LEAF = 1; // version, shared, rest of the key, value
const HIDDEN = 2; // a leaf whose value is not shown: version, shared, rest of the key, SHA-256 of the value
const BOTH = 3; // version, left, right
const LEFT_GONE = 4; // height, size, version, hash of the left child, right
const RIGHT_GONE = 5; // height, size, version, left, hash of the right child

/** Bounds a tree's height; an AVL tree of 2^53 leaves has 77. */
const MAX_DEPTH = 100;

/** A record that a tree shows. */
export interface Leaf {
  /** One character for each byte, so that texts are ordered as the tree is. */
  key: string;
  /** CBOR; undefined where it is not shown */
  value: Uint8Array | undefined;
  /** block that wrote the record last */
  version: number;
  /** number of records before it */
  rank: number;
}

/** A subtree. */
interface Node {
  height: number;
  size: number;
  hash: Uint8Array;
}

/**
 * Reads a pruned tree (IAVL: sorted by key, inner nodes hold the sizes of their subtrees) and computes its root. What it shows is true of
 * a state whose root was agreed upon: it is written out only then, by show.
 */
export function readTree(data: Uint8Array): { root: Uint8Array; show: () => Tree } {
  return refusing('TREE_INVALID', 'the pruned tree is not one', () => {
    const reader = new TreeReader(data);
    const root = reader.node(0, 0);
    reader.end();
    if (root.size > MAX_INTEGER) throw new Fault('it has too many records');
    return { root: root.hash, show: () => new Tree(root.size, reader.leaves()) };
  });
}

/** The numbers that found holds for each leaf. */
const PER_LEAF = 7;
const RANK = 6;

class TreeReader extends Reader {
  /**
   * For each leaf: the share of its key with the one before, begin and end of the rest, begin and end of the value (-1 where it is
   * hidden), version, rank. Keys share their beginnings: those of a hostile file would be much longer than the file.
   */
  private readonly found: number[] = [];
  /** The last key, in the first bytes. */
  private readonly key = new Uint8Array(MAX_KEY);
  private keyLength = 0;
  private keys = 0; // bytes of all keys, which together may be longer than the file

  /** Reads a subtree with so many records before it. */
  node(depth: number, before: number): Node {
    if (depth > MAX_DEPTH) throw new Fault('it is too deep');
    const tag = this.byte();
    switch (tag) {
      case LEAF:
      case HIDDEN:
        return this.leaf(tag === LEAF, before);
      case BOTH: {
        const version = this.uvarint();
        const left = this.node(depth + 1, before);
        const right = this.node(depth + 1, before + left.size);
        const size = left.size + right.size;
        if (size > MAX_INTEGER) throw new Fault('it has too many records');
        return inner(1 + Math.max(left.height, right.height), size, version, left.hash, right.hash);
      }
      case LEFT_GONE: {
        const [height, size, version] = [this.uvarint(), this.uvarint(), this.uvarint()];
        const gone = this.bytes(32);
        // The left child's size is the rest; what follows is ranked when the right child's is known.
        const first = this.found.length;
        const right = this.node(depth + 1, 0);
        checkRoom(height, size, right);
        for (let i = first + RANK; i < this.found.length; i += PER_LEAF) this.found[i]! += before + size - right.size;
        return inner(height, size, version, gone, right.hash);
      }
      case RIGHT_GONE: {
        const [height, size, version] = [this.uvarint(), this.uvarint(), this.uvarint()];
        const left = this.node(depth + 1, before);
        checkRoom(height, size, left);
        return inner(height, size, version, left.hash, this.bytes(32));
      }
    }
    throw new Fault(`a node of the kind ${tag}`);
  }

  /** Reads a record. Its key begins as the one before; that share is written as a number. */
  private leaf(shown: boolean, before: number): Node {
    const version = this.uvarint();
    const key = this.sharedKey();
    const [begin, digest] = shown ? this.value() : [-1, this.bytes(32)];
    this.found.push(...key, begin, this.at, version, before);
    // iavl hashes height 0, size 1, version; key; value.
    const name = this.key.subarray(0, this.keyLength);
    return { height: 0, size: 1, hash: sha256(concat([0, 2], varint(version), uvarint(name.length), name, [32], digest)) };
  }

  private sharedKey(): [shared: number, begin: number, end: number] {
    const shared = this.uvarint();
    const rest = this.bytes(this.uvarint());
    // Keys ascend, and no more could be shared: the first byte of the rest is greater than the one in its place.
    if (shared > this.keyLength || rest.length === 0 || (shared < this.keyLength && rest[0]! <= this.key[shared]!)) {
      throw new Fault('its keys do not ascend, or share more');
    }
    if (shared + rest.length > MAX_KEY) throw new Fault('a key is too long');
    this.key.set(rest, shared);
    this.keyLength = shared + rest.length;
    this.keys += this.keyLength;
    if (this.keys > MAX_BYTES) throw new Fault('its keys are too long');
    return [shared, this.at - rest.length, this.at];
  }

  private value(): [begin: number, digest: Uint8Array] {
    const value = this.bytes(this.uvarint());
    if (value.length === 0) throw new Fault('a record is empty');
    return [this.at - value.length, sha256(value)];
  }

  /** Writes out what was found. */
  leaves(): Leaf[] {
    const list: Leaf[] = [];
    let last = '';
    for (let i = 0; i < this.found.length; i += PER_LEAF) {
      const [shared, begin, end, valueBegin, valueEnd, version, rank] = this.found.slice(i, i + PER_LEAF) as LeafNumbers;
      last = last.slice(0, shared) + String.fromCharCode(...this.data.subarray(begin, end));
      list.push({ key: last, value: valueBegin < 0 ? undefined : this.data.subarray(valueBegin, valueEnd), version, rank });
    }
    return list;
  }
}

type LeafNumbers = [shared: number, begin: number, end: number, valueBegin: number, valueEnd: number, version: number, rank: number];

/** An inner node. iavl hashes its numbers as signed varints. */
function inner(height: number, size: number, version: number, left: Uint8Array, right: Uint8Array): Node {
  return { height, size, hash: sha256(concat(varint(height), varint(size), varint(version), [32], left, [32], right)) };
}

/** The zigzag varint of an integer that is not negative. */
const varint = (n: number): number[] => uvarint(2 * n);

/** Checks that a child leaves room for its sibling. */
function checkRoom(height: number, size: number, child: Node): void {
  if (height < 1 || height > MAX_DEPTH || child.height >= height || child.size >= size) throw new Fault('a child is larger than its parent');
}

/** What a pruned tree shows of a state, all under one root. */
export class Tree {
  /** Number of records in the state. */
  readonly size: number;
  /** Ascending by key. */
  readonly leaves: Leaf[];

  constructor(size: number, leaves: Leaf[]) {
    this.size = size;
    this.leaves = leaves;
  }

  /** The record under a key, undefined if the tree does not show it. */
  value(key: string): Uint8Array | undefined {
    const leaf = this.leaves[this.find(key)];
    return leaf?.key === key ? leaf.value : undefined;
  }

  /** Reports whether the tree shows that there is no record under a key: its neighbours, with nothing between them. */
  absent(key: string): boolean {
    const i = this.find(key);
    return this.leaves[i]?.key !== key && this.gapless(i, i);
  }

  /**
   * Where the records in [from, to) begin and end in leaves, to "" meaning that there is no upper end; undefined unless the tree shows that
   * they are all: with their values, their neighbours at both ends, and nothing between any two of them.
   */
  range(from: string, to: string): [begin: number, end: number] | undefined {
    const i = this.find(from);
    const j = to === '' ? this.leaves.length : this.find(to);
    if (j < i || !this.gapless(i, j)) return undefined;
    for (let k = i; k < j; k++) {
      if (this.leaves[k]!.value === undefined) return undefined;
    }
    return [i, j];
  }

  /** The index of the first leaf that is not below a key. */
  private find(key: string): number {
    let low = 0;
    let high = this.leaves.length;
    while (low < high) {
      const middle = (low + high) >> 1; // fewer than 2^26 leaves
      if (this.leaves[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Reports whether the leaves from i-1 to j follow one upon another in the state, where there are such leaves, and the state ends where
   * there are none.
   */
  private gapless(i: number, j: number): boolean {
    let rank = i > 0 ? this.leaves[i - 1]!.rank + 1 : 0;
    for (let k = i; k <= j && k < this.leaves.length; k++, rank++) {
      if (this.leaves[k]!.rank !== rank) return false;
    }
    return j < this.leaves.length || rank === this.size;
  }
}
