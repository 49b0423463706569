import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { concat, toHex } from '../src/bytes.ts';
import { consistent, hashesOf, leafHash, Log, merkleRoot, peakCount, rootFromInclusion, rootOf } from '../src/merkle.ts';
import { random } from './random.ts';

// RFC 6962 §2.1, word for word, with Node's SHA-256.
const sha256 = (...parts: (Uint8Array | number[])[]): Uint8Array => new Uint8Array(createHash('sha256').update(concat(...parts)).digest());

/** The largest power of two smaller than n. */
function split(n: bigint): bigint {
  let k = 1n;
  while (k * 2n < n) k *= 2n;
  return k;
}
const splitAt = (n: number): number => Number(split(BigInt(n)));

function mth(d: Uint8Array[]): Uint8Array {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256([0], d[0]!);
  const k = splitAt(d.length);
  return sha256([1], mth(d.slice(0, k)), mth(d.slice(k)));
}

function path(m: number, d: Uint8Array[]): Uint8Array[] {
  if (d.length === 1) return [];
  const k = splitAt(d.length);
  return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))] : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}

function subproof(m: number, d: Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = splitAt(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}
const proof = (m: number, d: Uint8Array[]): Uint8Array[] => subproof(m, d, true);

/** The root that a path leads to, by the shape of the tree: undefined if the path is not as long as that. */
function fold(index: bigint, size: bigint, leaf: Uint8Array, hashes: Uint8Array[]): Uint8Array | undefined {
  if (size === 1n) return hashes.length === 0 ? leaf : undefined;
  const k = split(size);
  const last = hashes.at(-1);
  if (last === undefined) return undefined;
  const rest = hashes.slice(0, -1);
  const below = index < k ? fold(index, k, leaf, rest) : fold(index - k, size - k, leaf, rest);
  return below && (index < k ? sha256([1], below, last) : sha256([1], last, below));
}

const leaves = (n: number): Uint8Array[] => Array.from({ length: n }, (_, i) => Uint8Array.of(i >> 8, i));
const flipped = (hashes: Uint8Array[], at: number): Uint8Array[] =>
  hashes.map((hash, i) => (i === at ? hash.map((b, j) => (j === 31 ? b ^ 1 : b)) : hash));

const SIZES = 34; // over two powers of two

test('roots are those that Certificate Transparency publishes', () => {
  // https://github.com/google/certificate-transparency, merkle_tree_test.cc
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const data = inputs.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
  roots.forEach((root, i) => assert.equal(toHex(merkleRoot(data.slice(0, i + 1))), '0x' + root));
  assert.equal(toHex(rootOf(new Log())), '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('a log has the root of its leaves and a peak for each bit of its size', () => {
  const log = new Log();
  for (let n = 0; n <= SIZES; n++) {
    assert.deepEqual(rootOf(log), mth(leaves(n)), `${n} leaves`);
    assert.equal(log.peaks.length, peakCount(n));
    log.append(leafHash(Uint8Array.of(n >> 8, n)));
  }
  assert.equal(peakCount(Number.MAX_SAFE_INTEGER), 53);
  assert.equal(peakCount(2 ** 52), 1);
});

test('inclusion is proven at its place and nowhere else', () => {
  for (let n = 1; n <= SIZES; n++) {
    const all = leaves(n);
    const root = toHex(mth(all));
    for (let i = 0; i < n; i++) {
      const hashes = path(i, all);
      const leads = (index: number, size: number, p: Uint8Array[]): boolean => {
        const to = rootFromInclusion(index, size, leafHash(all[i]!), p);
        return to !== undefined && toHex(to) === root;
      };
      assert.ok(leads(i, n, hashes), `${i} of ${n}`);
      for (let other = 0; other < n; other++) assert.equal(leads(other, n, hashes), other === i, `${i} of ${n} as ${other}`);
      assert.ok(!leads(n, n, hashes) && !leads(i, i, hashes), `${i} beyond the log`);
      assert.ok(!leads(i, n, [...hashes, leafHash(all[i]!)]), `${i} of ${n}, a hash too many`);
      if (hashes.length > 0) assert.ok(!leads(i, n, hashes.slice(0, -1)) && !leads(i, n, hashes.slice(1)), `${i} of ${n}, a hash too few`);
      hashes.forEach((_, at) => assert.ok(!leads(i, n, flipped(hashes, at)), `${i} of ${n}, hash ${at} changed`));
    }
  }
});

test('paths in logs of up to 2^53-1 leaves have the shape of the tree', () => {
  const { below, bytes } = random(1);
  const leaf = bytes(32);
  for (let round = 0; round < 400; round++) {
    const size = Math.floor(Number.MAX_SAFE_INTEGER / 2 ** below(53)) + below(3);
    if (size > Number.MAX_SAFE_INTEGER) continue;
    const index = [0, size - 1, Math.floor(size / 2), Math.max(0, size - 2 - below(9))][below(4)]!;
    const full: Uint8Array[] = [];
    while (fold(BigInt(index), BigInt(size), leaf, full) === undefined) full.push(bytes(32));
    for (const hashes of [full, full.slice(1), [...full, leaf]]) {
      assert.deepEqual(rootFromInclusion(index, size, leaf, hashes), fold(BigInt(index), BigInt(size), leaf, hashes), `${index} of ${size}`);
    }
  }
});

test('consistency is proven of prefixes and of nothing else', () => {
  const roots = Array.from({ length: SIZES + 1 }, (_, n) => mth(leaves(n)));
  for (let n = 1; n <= SIZES; n++) {
    for (let m = 1; m <= n; m++) {
      const hashes = proof(m, leaves(n));
      const shows = (p: Uint8Array[], older = roots[m]!, newer = roots[n]!): boolean => consistent(m, n, p, older, newer);
      assert.ok(shows(hashes), `${m} in ${n}`);
      assert.ok(!shows([...hashes, roots[1]!]), `${m} in ${n}, a hash too many`);
      if (m === n) continue;
      assert.ok(!shows(hashes.slice(0, -1)) && !shows(hashes.slice(1)), `${m} in ${n}, a hash too few`);
      assert.ok(!shows(hashes, roots[m - 1]!) && !shows(hashes, roots[m]!, roots[n - 1]!), `${m} in ${n}, another root`);
      hashes.forEach((_, at) => assert.ok(!shows(flipped(hashes, at)), `${m} in ${n}, hash ${at} changed`));
      assert.ok(!consistent(n, m, hashes, roots[n]!, roots[m]!), `${n} in ${m}`);
    }
    assert.ok(!consistent(0, n, [], roots[0]!, roots[n]!), `nothing in ${n}`);
    assert.ok(!consistent(n, n, [], roots[n]!, roots[n - 1]!), `${n} in another ${n}`);
  }
});

test('a path is cut into hashes', () => {
  assert.deepEqual(hashesOf(undefined), []);
  assert.deepEqual(hashesOf(new Uint8Array(64)), [new Uint8Array(32), new Uint8Array(32)]);
  for (const length of [1, 31, 33, 63]) assert.equal(hashesOf(new Uint8Array(length)), undefined);
});
