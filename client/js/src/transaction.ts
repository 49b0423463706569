import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat, fromHex, utf8, type Hex } from './bytes.ts';
import { decodeCBOR, isHash, isInteger, isMap, type CBOR, type CBORMap } from './cbor.ts';
import { MAX_LIST } from './file.ts';
import { kinds, structs } from './kinds.ts';
import { Fault } from './refusal.ts';

/** The ledger's bounds of a transaction. */
const MAX_TX_BYTES = 1 << 20;
const MAX_BODIES = 1000;

const transactionMembers = 'string chain,string member,string kind,int64 expires,string onError,';

interface Member {
  type: string;
  name: string;
}

/** Splits members as EIP-712 writes them. */
function membersOf(fields: string): Member[] {
  return fields.split(',').map((f) => {
    const [type, name] = f.split(' ') as [string, string];
    return { type, name };
  });
}

/** Reports whether a value is of an EIP-712 type, with no member too many or too few. */
function fits(type: string, value: CBOR | undefined): boolean {
  if (type.endsWith('[]')) return Array.isArray(value) && value.length <= MAX_LIST && value.every((v) => fits(type.slice(0, -2), v));
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int64':
      return isInteger(value);
    case 'uint64':
      return isInteger(value) && value >= 0;
    case 'address':
      return value instanceof Uint8Array && value.length === 20;
    case 'bytes32':
      return isHash(value);
  }
  return isMap(value) && fitsMembers(membersOf(structs[type]!), value);
}

const fitsMembers = (members: Member[], value: CBORMap): boolean =>
  Object.keys(value).length === members.length && members.every(({ type, name }) => fits(type, value[name]));

/** Reports whether a value is a body of a kind. */
export const isBody = (kind: string, value: CBOR): value is CBORMap => kinds.includes(kind) && fits(kind, value);

/** The EIP-712 digest of a signed transaction's CBOR, in the domain of a chain. What is not a transaction throws a Fault. */
export function transactionDigest(signed: Uint8Array, genesis: Hex): Uint8Array {
  if (signed.length > MAX_TX_BYTES) throw new Fault('it is too long');
  const { transaction, signatures, ...rest } = mapOf(decodeCBOR(signed));
  if (!Array.isArray(signatures) || !signatures.every((s) => s instanceof Uint8Array) || Object.keys(rest).length > 0) {
    throw new Fault('it is not signed');
  }
  // The ledger also checks what bodies say (identifiers, times, texts). A transaction in a block that validators signed has passed that:
  // here it is enough that its bytes mean what the digest says.
  const tx = mapOf(transaction);
  const { kind, bodies } = tx;
  if (typeof kind !== 'string' || !kinds.includes(kind)) throw new Fault('its kind is not known');
  const members = transactionMembers + `${kind}[] bodies`;
  if (!fitsMembers(membersOf(members), tx)) throw new Fault(`it is not one of the kind ${kind}`);
  if ((bodies as CBOR[]).length < 1 || (bodies as CBOR[]).length > MAX_BODIES) throw new Fault('it has too few or too many bodies');
  return keccak_256(concat([0x19, 0x01], domainSeparator(genesis), hashStruct('Transaction', members, tx)));
}

function mapOf(value: CBOR | undefined): CBORMap {
  if (!isMap(value)) throw new Fault('it is not a transaction');
  return value;
}

/** The domain {name "Carya", version "1", verifyingContract = the first 20 bytes of the genesis hash}. */
function domainSeparator(genesis: Hex): Uint8Array {
  const domain = { name: 'Carya', version: '1', verifyingContract: fromHex(genesis).subarray(0, 20) };
  return hashStruct('EIP712Domain', 'string name,string version,address verifyingContract', domain);
}

/** hashStruct of EIP-712. */
function hashStruct(name: string, fields: string, value: CBORMap): Uint8Array {
  const words = membersOf(fields).map((member) => word(member.type, value[member.name]!));
  return keccak_256(concat(typeHash(name, fields), ...words));
}

const typeHashes = new Map<string, Uint8Array>();

/** typeHash of EIP-712: of the struct, then of the structs it refers to, sorted by name. */
function typeHash(name: string, fields: string): Uint8Array {
  let hash = typeHashes.get(name + fields);
  if (hash === undefined) {
    const below = new Set<string>();
    referred(fields, below);
    const text = `${name}(${fields})` + [...below].sort().map((s) => `${s}(${structs[s]})`).join('');
    hash = keccak_256(utf8(text));
    typeHashes.set(name + fields, hash);
  }
  return hash;
}

/** Adds the structs that fields refer to, directly or through others. */
function referred(fields: string, to: Set<string>): void {
  for (const { type } of membersOf(fields)) {
    const name = type.replace('[]', '');
    if (name in structs && !to.has(name)) {
      to.add(name);
      referred(structs[name]!, to);
    }
  }
}

/** The 32 bytes that stand for a value that fits its type: encodeData of EIP-712. */
function word(type: string, value: CBOR): Uint8Array {
  if (type.endsWith('[]')) return keccak_256(concat(...(value as CBOR[]).map((v) => word(type.slice(0, -2), v))));
  switch (type) {
    case 'string':
      return keccak_256(utf8(value as string));
    case 'bool':
      return integerWord(value === true ? 1 : 0);
    case 'int64':
    case 'uint64':
      return integerWord(value as number);
    case 'address':
      return concat(new Uint8Array(12), value as Uint8Array);
    case 'bytes32':
      return value as Uint8Array;
  }
  return hashStruct(type, structs[type]!, value as CBORMap);
}

/** 32 bytes, big-endian, two's complement. */
function integerWord(n: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(n < 0 ? 0xff : 0);
  new DataView(bytes.buffer).setBigInt64(24, BigInt(n));
  return bytes;
}
