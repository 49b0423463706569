import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, fromHex, toHex, type Hex } from '../src/bytes.ts';
import { decodeCBOR, isMap, type CBOR, type CBORMap } from '../src/cbor.ts';
import { Fault } from '../src/refusal.ts';
import { isBody, transactionDigest } from '../src/transaction.ts';

interface Vectors {
  genesis: Hex;
  signer: Hex;
  accepted: { name: string; transaction: { kind: string; bodies: unknown[] }; digest: Hex; signature: Hex; cbor: Hex }[];
  refused: { why: string; code: string; cbor: Hex }[];
}

const { genesis, signer, accepted, refused } = JSON.parse(readFileSync('../../types/testdata/vectors.json', 'utf8')) as Vectors;

/** The Ethereum address of the key that made a signature: an algorithm byte, r, s, and v as 27 or 28. */
function recover(digest: Uint8Array, signature: Uint8Array): Hex {
  const recovered = concat([signature[65]! - 27], signature.subarray(1, 65));
  const key = secp256k1.Signature.fromBytes(recovered, 'recovered').recoverPublicKey(digest).toBytes(false);
  return toHex(keccak_256(key.subarray(1)).subarray(12));
}

test('the digest of every kind of transaction is the one that was signed', () => {
  assert.ok(accepted.length > 70);
  for (const v of accepted) {
    const digest = transactionDigest(fromHex(v.cbor), genesis);
    assert.equal(toHex(digest), v.digest, v.name);
    assert.equal(recover(digest, fromHex(v.signature)), signer, v.name);
    assert.notEqual(toHex(transactionDigest(fromHex(v.cbor), '0x' + '11'.repeat(32))), v.digest, `${v.name} on another chain`);
  }
});

test('bytes that are no transaction have no digest, words that the ledger refuses have one', () => {
  const undigested = new Set(['MALFORMED', 'NOT_CANONICAL', 'BODY_COUNT']);
  const digests = new Set(accepted.map((v) => v.digest));
  for (const v of refused) {
    const read = (): Hex => toHex(transactionDigest(fromHex(v.cbor), genesis));
    if (undigested.has(v.code) || v.why === 'an expiry beyond 2^53-1') assert.throws(read, Fault, v.why);
    else assert.ok(!digests.has(read()) || v.code === 'BAD_SIGNATURE', v.why);
  }
});

test('every bit of a transaction but its signature counts', () => {
  const v = accepted.find((one) => one.transaction.kind === 'Declare')!;
  const cbor = fromHex(v.cbor);
  const signature = Buffer.from(cbor).indexOf(Buffer.from(fromHex(v.signature)));
  for (let i = 0; i < cbor.length; i++) {
    if (i >= signature && i < signature + 66) continue;
    const changed = cbor.slice();
    changed[i]! ^= 1 << i % 8;
    try {
      assert.notEqual(toHex(transactionDigest(changed, genesis)), v.digest, `byte ${i}`);
    } catch (error) {
      assert.ok(error instanceof Fault, `byte ${i}: ${String(error)}`);
    }
  }
});

test('a body has the members of its kind and their types', () => {
  const bodyOf = (v: Vectors['accepted'][number]): CBORMap => {
    const signed = decodeCBOR(fromHex(v.cbor));
    assert.ok(isMap(signed) && isMap(signed['transaction']) && Array.isArray(signed['transaction']['bodies']));
    const body = signed['transaction']['bodies'][0];
    assert.ok(isMap(body));
    return body;
  };
  for (const v of accepted) {
    const { kind } = v.transaction;
    const body = bodyOf(v);
    assert.ok(isBody(kind, body), v.name);
    assert.ok(!isBody(kind, { ...body, extra: 1 }) && !isBody(kind, [body]) && !isBody(kind, null), v.name);
    for (const [name, value] of Object.entries(body)) {
      const { [name]: _, ...rest } = body;
      assert.ok(!isBody(kind, rest), `${v.name} without ${name}`);
      for (const other of [undefined, null, 2n ** 53n, Uint8Array.of(1), [[value]], typeof value === 'string' ? 1 : '1']) {
        assert.ok(!isBody(kind, { ...body, [name]: other as CBOR }), `${v.name}: ${name} of another type`);
      }
    }
  }
  assert.ok(!isBody('DeclaredLine', decodeCBOR(fromHex('0xa0'))) && !isBody('constructor', decodeCBOR(fromHex('0xa0'))));
});
