import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readTrust, TRUST_FORMAT, verify, type Trust } from '../src/index.ts';
import { validatorsHash } from '../src/trust.ts';

const text = readFileSync('../../types/testdata/evidence/trust.json', 'utf8');

test('a trust file says what it says', () => {
  const trust = readTrust(text);
  assert.deepEqual(trust, JSON.parse(text));
  assert.equal(trust.format, TRUST_FORMAT);
  const shuffled = { ...trust, validators: trust.validators.slice().reverse() };
  assert.deepEqual(validatorsHash(shuffled), validatorsHash(trust));
  assert.notDeepEqual(validatorsHash({ ...trust, validators: trust.validators.slice(1) }), validatorsHash(trust));
});

test('capital digits are the same digits', () => {
  const capitals = text.replace(/0x[0-9a-f]{64}/g, (hash) => '0x' + hash.slice(2).toUpperCase());
  assert.notEqual(capitals, text);
  assert.deepEqual(readTrust(capitals), readTrust(text));
});

test('what is wrong with a trust file is said', () => {
  const [validator] = readTrust(text).validators as [Trust['validators'][number]];
  const long = '0x' + '00'.repeat(33);
  const refused: [string, object, RegExp][] = [
    ['another format', { format: 'carya-trust/2' }, /format "carya-trust\/2"/],
    ['no chain', { chain: '' }, /no chain/],
    ['a chain of 51 bytes in 17 characters', { chain: '抹'.repeat(17) }, /no chain/],
    ['a number for a text', { chain: 1 }, /trust\.chain: not a text/],
    ['height 0', { height: 0 }, /no chain, height or time/],
    ['half a block', { height: 1.5 }, /trust\.height: not an integer/],
    ['a height in words', { height: '1' }, /trust\.height: not an integer/],
    ['a height beyond 2^53-1', { height: 2 ** 53 }, /trust\.height: not an integer/],
    ['no time', { time: 0 }, /no chain, height or time/],
    ['a genesis that is too long', { genesis: long }, /trust\.genesis: not 0x and 64/],
    ['a genesis with other letters', { genesis: '0x' + 'g'.repeat(64) }, /trust\.genesis: not 0x and 64/],
    ['a block that is nothing', { block: null }, /trust\.block: not 0x and 64/],
    ['no validators', { validators: [] }, /0 validators/],
    ['validators that are no list', { validators: {} }, /trust\.validators: not a list/],
    ['a validator that is no object', { validators: [validator, 'x'] }, /trust\.validators\[1\]: not an object/],
    ['the same key twice', { validators: [validator, { ...validator, member: 'other' }] }, /not an ed25519 key of its own/],
    ['a key that is too long', { validators: [{ ...validator, key: long }] }, /validators\[0\]\.key: not 0x/],
    ['no power', { validators: [{ ...validator, power: 0 }] }, /power 0/],
    ['less than no power', { validators: [{ ...validator, power: -1 }] }, /power -1/],
    ['too much power', { validators: [{ ...validator, power: 2 ** 50 + 1 }] }, /power 1125899906842625/],
    ['a member that nobody knows', { extra: 1 }, /unknown member "extra"/],
    ['a validator with one', { validators: [{ ...validator, extra: 1 }] }, /unknown member "extra"/],
  ];
  for (const [why, change, says] of refused) assert.throws(() => readTrust(JSON.stringify({ ...readTrust(text), ...change })), says, why);
  const file = JSON.parse(text) as Record<string, unknown>;
  for (const name of Object.keys(file)) {
    const { [name]: _, ...rest } = file;
    assert.throws(() => readTrust(JSON.stringify(rest)), new RegExp(`trust\\.${name}: `), name);
  }
  for (const other of ['', 'null', '[]', '"trust"', text + text, '\ufeff' + text, text.slice(0, -3)]) assert.throws(() => readTrust(other), Error);
});

test('trust that is not valid gives no verdict', () => {
  const record = readFileSync('../../types/testdata/evidence/record.json');
  const trust = readTrust(text);
  verify(record, trust);
  for (const change of [{ validators: [] }, { format: '' }, { validators: [...trust.validators, trust.validators[0]!] }]) {
    assert.throws(() => verify(record, { ...trust, ...change }), { name: 'Error' });
  }
});
