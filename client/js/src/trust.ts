import { sha256 } from '@noble/hashes/sha2.js';
import { compare, concat, fromHex, isHex, utf8, uvarint, type Hex } from './bytes.ts';
import { merkleRoot } from './merkle.ts';

/** The name of the trust file's format. */
export const TRUST_FORMAT = 'carya-trust/1';

/** All that a verifier has to believe: which validators vouch for a chain. It is a JSON file. */
export interface Trust {
  format: string;
  chain: string;
  genesis: Hex;
  /** They sign the blocks from this one on, as far as the file knows. */
  height: number;
  /** Of that block or, where block is zero, of the genesis; Unix milliseconds. */
  time: number;
  /** Hash of that block's header, zero for the genesis. */
  block: Hex;
  validators: Validator[];
}

/** One validator and the organisation that runs it. */
export interface Validator {
  member: string;
  name: string;
  /** ed25519 public key */
  key: Hex;
  power: number;
}

/** CometBFT bounds the power of all validators together to a number of which three times as much still fits into 53 bits. */
const MAX_POWER = 2 ** 50;
const MAX_VALIDATORS = 10_000;

/** Reads a trust file. Throws an Error that says what is wrong with it. */
export function readTrust(text: string): Trust {
  const file = JSON.parse(text) as unknown;
  const trust = object(file, 'trust', {
    format: string,
    chain: string,
    genesis: hash,
    height: integer,
    time: integer,
    block: hash,
    validators: (list, at) => {
      if (!Array.isArray(list)) throw new Error(`${at}: not a list`);
      return list.map((v, i) => object(v, `${at}[${i}]`, { member: string, name: string, key: hash, power: integer }));
    },
  }) as unknown as Trust;
  checkTrust(trust);
  return trust;
}

type Read = (value: unknown, at: string) => unknown;

/** Reads an object with exactly these members. */
function object(value: unknown, at: string, members: Record<string, Read>): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${at}: not an object`);
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
  if (unknown !== undefined) throw new Error(`${at}: unknown member ${JSON.stringify(unknown)}`);
  return Object.fromEntries(
    Object.entries(members).map(([name, read]) => [name, read((value as Record<string, unknown>)[name], `${at}.${name}`)]),
  );
}

const string: Read = (value, at) => {
  if (typeof value !== 'string') throw new Error(`${at}: not a text`);
  return value;
};

const integer: Read = (value, at) => {
  if (!Number.isSafeInteger(value)) throw new Error(`${at}: not an integer`);
  return value;
};

const hash: Read = (value, at) => {
  if (typeof value !== 'string' || value.length !== 66 || !isHex(value.toLowerCase())) {
    throw new Error(`${at}: not 0x and 64 hexadecimal digits`);
  }
  return value.toLowerCase();
};

/** Throws an error that says what is wrong with a trust file. */
export function checkTrust(t: Trust): void {
  if (t.format !== TRUST_FORMAT) throw new Error(`trust: format ${JSON.stringify(t.format)}, this program knows "${TRUST_FORMAT}"`);
  if (t.chain === '' || utf8(t.chain).length > 50 || t.height < 1 || t.time < 1) throw new Error('trust: no chain, height or time');
  if (t.validators.length === 0 || t.validators.length > MAX_VALIDATORS) throw new Error(`trust: ${t.validators.length} validators`);
  const seen = new Set<Hex>();
  let power = 0;
  for (const v of t.validators) {
    power += v.power;
    if (v.key.length !== 66 || !isHex(v.key) || seen.has(v.key)) {
      throw new Error(`trust: validator "${v.member}": not an ed25519 key of its own: ${v.key}`);
    }
    if (!(v.power >= 1) || power > MAX_POWER) {
      throw new Error(`trust: validator "${v.member}": power ${v.power}; together at most ${MAX_POWER}`);
    }
    seen.add(v.key);
  }
}

/** The validators in CometBFT's order, which is that of the votes in a commit: descending by power, then ascending by address. */
export function ordered(t: Trust): Validator[] {
  return t.validators
    .map((validator) => ({ validator, address: sha256(fromHex(validator.key)).subarray(0, 20) }))
    .sort((a, b) => b.validator.power - a.validator.power || compare(a.address, b.address))
    .map(({ validator }) => validator);
}

/** The root over the validators as it stands in headers: of SimpleValidator{pub_key: PublicKey{ed25519}, voting_power} in protobuf. */
export function validatorsHash(t: Trust): Uint8Array {
  return merkleRoot(ordered(t).map((v) => concat([0x0a, 0x22, 0x0a, 0x20], fromHex(v.key), [0x10], uvarint(v.power))));
}
