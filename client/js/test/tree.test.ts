import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, toHex, utf8, uvarint } from '../src/bytes.ts';
import { Refusal } from '../src/refusal.ts';
import { readTree, type Tree } from '../src/tree.ts';
import { build, halves, prune, record, sha256, zigzag, type Node, type Record, type Show } from './iavl.ts';
import { random } from './random.ts';

/** Keys with odd numbers; those with even ones lie between them. */
const keyOf = (n: number): string => `lot/${String(n).padStart(4, '0')}`;
const named = (key: string, version: number): Record => record(key, utf8('value of ' + key), version);
const records = (n: number): Record[] => Array.from({ length: n }, (_, i) => named(keyOf(2 * i + 1), i % 300));

function read(data: Uint8Array, root: Node): Tree {
  const { root: hash, show } = readTree(data);
  assert.equal(toHex(hash), toHex(root.hash));
  return show();
}

test('a whole tree shows everything', () => {
  const list = records(100);
  const root = build(list, halves);
  const tree = read(prune(root, () => 'shown'), root);
  assert.deepEqual(
    tree.leaves,
    list.map(({ key, value, version }, rank) => ({ key, value, version, rank })),
  );
  assert.equal(tree.size, 100);
  for (let n = 0; n <= 201; n++) {
    assert.equal(tree.absent(keyOf(n)), n % 2 === 0 || n > 199, keyOf(n));
    assert.deepEqual(tree.value(keyOf(n)), list.find((r) => r.key === keyOf(n))?.value);
  }
  assert.deepEqual(tree.range('', ''), [0, 100]);
  assert.deepEqual(tree.range(keyOf(2), keyOf(9)), [1, 4]);
  assert.deepEqual(tree.range(keyOf(2), keyOf(3)), [1, 1]);
  assert.equal(tree.range(keyOf(9), keyOf(2)), undefined);
});

test('what a part of a tree shows is true of the whole', () => {
  const { below, pick } = random(1);
  let [values, absences, ranges] = [0, 0, 0];
  for (let round = 0; round < 400; round++) {
    const list = records(1 + below(12));
    const root = build(list, (n) => 1 + below(n - 1));
    const shown = new Map(list.map((r): [string, Show] => [r.key, pick<Show>(['shown', 'shown', 'hidden', 'gone'])]));
    shown.set(pick(list).key, 'shown');
    const tree = read(prune(root, (key) => shown.get(key)!), root);
    assert.equal(tree.size, list.length);
    for (const leaf of tree.leaves) assert.equal(list[leaf.rank]?.key, leaf.key);
    for (let n = 0; n <= 2 * list.length + 1; n++) {
      const there = list.find((r) => r.key === keyOf(n));
      const value = tree.value(keyOf(n));
      assert.deepEqual(value, shown.get(keyOf(n)) === 'shown' ? there?.value : undefined);
      if (value) values++;
      if (!tree.absent(keyOf(n))) continue;
      absences++;
      assert.equal(there, undefined, `${keyOf(n)} is there`);
    }
    for (let n = 0; n < 20; n++) {
      const [from, to] = [keyOf(below(26)), pick([keyOf(below(26)), ''])];
      const range = tree.range(from, to);
      if (range === undefined) continue;
      ranges++;
      const want = list.filter((r) => r.key >= from && (to === '' || r.key < to));
      assert.deepEqual(tree.leaves.slice(...range).map(({ key, value }) => ({ key, value })), want.map(({ key, value }) => ({ key, value })));
    }
  }
  assert.ok(values > 500 && absences > 500 && ranges > 500, `${values} values, ${absences} absences, ${ranges} ranges`);
});

test('neighbours are enough for an absence, and both are needed', () => {
  const root = build(records(16), halves);
  const absent = (n: number, ...shown: number[]): boolean => {
    const keys = shown.map(keyOf);
    return read(prune(root, (key) => (keys.includes(key) ? 'hidden' : 'gone')), root).absent(keyOf(n));
  };
  assert.ok(absent(8, 7, 9) && absent(0, 1) && absent(33, 31));
  assert.ok(!absent(8, 7) && !absent(8, 9) && !absent(8, 5, 9) && !absent(8, 7, 11) && !absent(0, 3) && !absent(33, 29) && !absent(7, 5, 7, 9));
});

test('a changed bit gives another root, or none', () => {
  const root = build(records(9), halves);
  const data = prune(root, (key) => (key > keyOf(6) && key < keyOf(12) ? 'shown' : 'gone'));
  for (let bit = 0; bit < 8 * data.length; bit++) {
    const changed = data.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    try {
      assert.notEqual(toHex(readTree(changed).root), toHex(root.hash), `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof Refusal && error.reason === 'TREE_INVALID', `bit ${bit}: ${String(error)}`);
    }
  }
});

test('sizes and versions have 53 bits', () => {
  const big = Number.MAX_SAFE_INTEGER;
  const leaf = (key: string): Uint8Array => concat([1], uvarint(big), [0, key.length], utf8(key), [1, 7]);
  const { root, show } = readTree(concat([5], uvarint(60), uvarint(big), uvarint(2 ** 40), leaf('a'), new Uint8Array(32)));
  const hash = sha256(zigzag(0), zigzag(1), zigzag(big), [1], utf8('a'), [32], sha256([7]));
  assert.deepEqual(root, sha256(zigzag(60), zigzag(big), zigzag(2 ** 40), [32], hash, [32], new Uint8Array(32)));
  assert.equal(show().size, big);
  assert.ok(show().absent('') && !show().absent('b'));
  const right = readTree(concat([4], uvarint(60), uvarint(big), [0], new Uint8Array(32), leaf('z'))).show();
  assert.deepEqual(right.leaves.map((l) => l.rank), [big - 1]);
  assert.ok(right.absent('zz') && !right.absent('y'));
  const whole = concat([5], uvarint(60), uvarint(big), [0], leaf('a'), new Uint8Array(32));
  assert.throws(() => readTree(concat([3, 0], whole, leaf('z'))), { reason: 'TREE_INVALID' }); // 2^53 records
});

test('keys that share much are bounded together', () => {
  const key = 'x'.repeat(1022);
  const tree = (bits: number): Uint8Array => {
    let nodes = Array.from({ length: 2 ** bits }, (_, i) => {
      const last = [i >> 8, i & 0xff];
      if (i === 0) return concat([2, 0, 0], uvarint(1024), utf8(key), last, new Uint8Array(32));
      const shared = i % 256 === 0 ? 1022 : 1023;
      return concat([2, 0], uvarint(shared), [1024 - shared], last.slice(shared - 1024), new Uint8Array(32));
    });
    for (let n = nodes.length; n > 1; n /= 2) nodes = Array.from({ length: n / 2 }, (_, i) => concat([3, 0], nodes[2 * i]!, nodes[2 * i + 1]!));
    return nodes[0]!;
  };
  assert.equal(readTree(tree(14)).root.length, 32);
  // Keys of 64 MiB, and one byte more.
  assert.throws(() => readTree(concat([3, 0], tree(16), [2, 0], uvarint(0), [1], utf8('y'), new Uint8Array(32))), { reason: 'TREE_INVALID' });
});
