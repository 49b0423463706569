import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '../src/bytes.ts';
import { decodeCBOR, encodeHead, isInteger, isMap, type CBOR } from '../src/cbor.ts';
import { Fault } from '../src/refusal.ts';
import { encode, head } from './encode.ts';
import { random } from './random.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const map = (members: Record<string, CBOR>): CBOR => Object.assign(Object.create(null) as Record<string, CBOR>, members);

test('the examples of RFC 8949, Appendix A', () => {
  const examples: [string, CBOR][] = [
    ['00', 0], ['01', 1], ['0a', 10], ['17', 23], ['1818', 24], ['1819', 25], ['1864', 100], ['1903e8', 1000], ['1a000f4240', 1000000],
    ['1b000000e8d4a51000', 1000000000000], ['1bffffffffffffffff', 18446744073709551615n], ['3bffffffffffffffff', -18446744073709551616n],
    ['20', -1], ['29', -10], ['3863', -100], ['3903e7', -1000], ['f4', false], ['f5', true], ['f6', null], ['40', hex('')],
    ['4401020304', hex('01020304')], ['60', ''], ['6161', 'a'], ['6449455446', 'IETF'], ['62225c', '"\\'], ['62c3bc', 'ü'], ['63e6b0b4', '水'],
    ['64f0908591', '𐅑'], ['80', []], ['83010203', [1, 2, 3]], ['8301820203820405', [1, [2, 3], [4, 5]]], ['a0', map({})],
    ['a26161016162820203', map({ a: 1, b: [2, 3] })], ['826161a161626163', ['a', map({ b: 'c' })]],
    ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, i) => i + 1)],
  ];
  for (const [text, want] of examples) {
    assert.deepEqual(decodeCBOR(hex(text)), want, text);
    assert.deepEqual(encode(want), hex(text), text);
  }
  // The greatest number of each width in the next one.
  for (const text of ['1817', '1900ff', '1a0000ffff', '1b00000000ffffffff', '3817', '5817' + '00'.repeat(23)]) assert.throws(() => decodeCBOR(hex(text)), Fault, text);
  // Valid CBOR that has no place here: floats, simple values, tags, indefinite lengths, integers as names.
  const refused =
    'f90000 f93c00 fb3ff199999999999a f97e00 f7 f0 f8ff c074323031332d30332d32315432303a30343a30305a c11a514b67b0 d74401020304 ' +
    '5f42010243030405ff 7f657374726561646d696e67ff 9fff 9f018202039f0405ffff bf6161019f0203ffff a201020304 c249010000000000000000';
  for (const text of refused.split(' ')) assert.throws(() => decodeCBOR(hex(text)), Fault, text);
});

test('integers within 2^53-1 are numbers, all others bigints', () => {
  for (const n of [0n, 23n, 24n, 255n, 256n, 65535n, 65536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    for (const want of [n, -n, -1n - n]) {
      const got = decodeCBOR(encode(want));
      assert.ok((typeof got === 'number' || typeof got === 'bigint') && BigInt(got) === want, `${want}`);
      assert.equal(isInteger(got), want <= 2n ** 53n - 1n && want >= 1n - 2n ** 53n, `${want}`);
      assert.ok(!Object.is(got, -0));
    }
  }
});

test('encodeHead writes lengths as the decoder reads them', () => {
  for (const n of [0, 23, 24, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) assert.deepEqual(Uint8Array.from(encodeHead(3, n)), head(3, BigInt(n)));
});

function someValue({ below, bytes, pick }: ReturnType<typeof random>, depth = 0): CBOR {
  const inner = (): CBOR => someValue({ below, bytes, pick }, depth + 1);
  switch (below(depth > 3 ? 5 : 7)) {
    case 0:
      return pick([0, 1, 23, 24, -24, -25, 255, 256, 65536, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, 2n ** 53n, -(2n ** 64n)]);
    case 1:
      return pick(['', 'a', 'history', 'ü', '\ufeff', '\u0000', '𝄞', 'x'.repeat(24)]);
    case 2:
      return bytes(pick([0, 1, 23, 24, 32, 256]));
    case 3:
      return pick([true, false]);
    case 4:
      return null;
    case 5:
      return Array.from({ length: below(4) }, inner);
  }
  return map(Object.fromEntries(Array.from({ length: below(5) }, () => [pick(['a', 'b', 'aa', 'Z', 'ü', '', '10', '9', 'constructor']), inner()])));
}

test('one value has one encoding', () => {
  const some = random(1);
  let admitted = 0;
  for (let i = 0; i < 8000; i++) {
    const value = someValue(some);
    const data = encode(value);
    assert.deepEqual(decodeCBOR(data), value);
    assert.throws(() => decodeCBOR(data.slice(0, -1)), Fault, 'cut short');
    assert.throws(() => decodeCBOR(concat(data, [0])), Fault, 'a byte too many');
    for (let n = 0; n < 5; n++) {
      const changed = data.slice();
      changed[some.below(data.length)] = some.pick([0, 0x17, 0x18, 0x1b, 0x3b, 0x5f, 0x60, 0x7b, 0x9f, 0xa0, 0xbf, 0xc0, 0xf7, 0xff, some.below(256)]);
      let again: CBOR;
      try {
        again = decodeCBOR(changed);
      } catch (error) {
        assert.ok(error instanceof Fault);
        continue;
      }
      admitted++;
      assert.deepEqual(encode(again), changed);
    }
  }
  assert.ok(admitted > 4000, `${admitted} admitted`);
});

test('names ascend by their encodings, each once, without any that have a meaning to JavaScript', () => {
  for (const text of ['a2616101616102', 'a2616201616102', 'a262616101616202', 'a2606060', 'a1f600', 'a14161f6']) {
    assert.throws(() => decodeCBOR(hex(text)), Fault, text);
  }
  const proto = decodeCBOR(encode(map(JSON.parse('{"__proto__":{"history":1},"toString":2}') as Record<string, CBOR>)));
  assert.ok(isMap(proto) && !('history' in proto) && proto['toString'] === 2 && Object.keys(proto).length === 2);
});

test('text is UTF-8, and a byte order mark is a character of it', () => {
  assert.equal(decodeCBOR(hex('63efbbbf')), '\ufeff');
  for (const text of ['61ff', '62c080', '63eda080', '66eda0b4edb49e', '64f4908080', '61c3']) assert.throws(() => decodeCBOR(hex(text)), Fault, text);
});

test('arrays and maps nest 32 deep and no deeper', () => {
  for (const [open, close] of [['81', '80'], ['a16161', 'a0']] as const) {
    const nested = (depth: number): Uint8Array => hex(open.repeat(depth - 1) + close);
    decodeCBOR(nested(32));
    assert.throws(() => decodeCBOR(nested(33)), Fault);
    assert.throws(() => decodeCBOR(nested(100_000)), Fault);
  }
});
