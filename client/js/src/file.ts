import { checkBase64, decodeBase64 } from './base64.ts';
import { compare, isHex, MAX_INTEGER, toHex, type Hex } from './bytes.ts';
import { ARRAY, BYTES, CBORReader, encodeText, MAP, NEGATIVE, UNSIGNED } from './cbor.ts';
import { readText, stringMember, Tokens } from './json.ts';
import { Fault, quote, Refusal } from './refusal.ts';

/** The name of the evidence file's format. */
export const FORMAT = 'carya-evidence/2';

/** Bounds an evidence file: a history of a hundred thousand events. */
export const MAX_BYTES = 64 << 20;

/** The file. Members that are empty, zero or false are left out of claims and headers; all others are there, in this order. */
export interface Evidence {
  format: string;
  chain: string;
  genesis: Hex;
  claims: Claim[];
  /** Descending by height. The first is signed; its tree shows chain/params and, where there are more headers, chain/blocks. */
  headers: Header[];
}

/** One sentence that the evidence proves. Which members it has depends on the kind of claim. */
export interface Claim {
  /** record, absence, history, event, prefix, range, block, field or transaction */
  claim: string;
  /** About the state after this block; of block and transaction: this block. */
  height: number;
  key?: string;
  /** prefix: the older height */
  since?: number;
  /** range: the first key that would be in the list, */
  from?: string;
  /** the first beyond it, */
  to?: string;
  /** and how many they are */
  count?: number;
  /** event, field: of the event in the history; transaction: the way in the paths, see size */
  index?: number;
  /** transaction: index of size says where left and right are in the paths; no header says how many a block has */
  size?: number;
  /** transaction: its EIP-712 digest, */
  digest?: Hex;
  /** its result, */
  code?: number;
  /** and those of its bodies where they differ */
  codes?: number[];
  /** CBOR, oldest first */
  events?: ByteStrings;
  /** RFC 6962 proof, hashes of 32 bytes: of inclusion, of prefix: of consistency */
  path?: Uint8Array;
  /** signed, CBOR, as it stands in the block */
  transaction?: Uint8Array;
  /** transaction: RFC 6962 inclusion proof of the result */
  results?: Uint8Array;
  /** field */
  document?: DocumentPart;
}

/** A block's header and what is proven below it. */
export interface Header {
  height: number;
  /** Its 14 fields as CometBFT hashes them, each after its length in one byte. */
  header: Uint8Array;
  /** The first: the votes of the validators. */
  commit?: Uint8Array;
  /** The others: RFC 6962 inclusion proof in chain/blocks of the first. */
  path?: Uint8Array;
  /** Pruned tree of the state under the AppHash: after the block at height-1. */
  tree?: Uint8Array;
}

/** Some fields of a private document, and the proof that they are leaves of the tree whose root the ledger holds. */
export interface DocumentPart {
  /** key of the ledger's record of the document */
  record: string;
  kind: string;
  root: Hex;
  /** leaves of the tree: the kind and all fields; gives the paths their shape, which other sizes may have as well */
  size: number;
  /** ascending by position; the first is the kind */
  fields: DisclosedField[];
}

export interface DisclosedField {
  position: number;
  path: string;
  value: string;
  salt: Hex;
  /** RFC 6962 inclusion proof, from the leaf upwards */
  proof: Hex[];
}

/** Byte strings that stay as they stand in the file until they are asked for: a hostile file may have millions. */
export class ByteStrings {
  private readonly bounds: number[] = []; // begin and end of each
  private readonly read: (begin: number, end: number) => Uint8Array;

  constructor(read: (begin: number, end: number) => Uint8Array) {
    this.read = read;
  }

  get length(): number {
    return this.bounds.length / 2;
  }

  push(begin: number, end: number): void {
    this.bounds.push(begin, end);
  }

  at(i: number): Uint8Array {
    return this.read(this.bounds[2 * i]!, this.bounds[2 * i + 1]!);
  }
}

/** The types of members. */
type Type = 'text' | 'hash' | 'hex' | 'bytes' | 'strings' | Integer | Fields | { list: Type };
type Integer = keyof typeof integers;

/** Integers beyond ±(2^53-1) are read as ±Infinity where the Go program's type has room for them: check refuses them. */
const integers = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
} as const;

interface Field {
  name: string;
  type: Type;
  optional: boolean;
}

/** The members of an object: in the order of JSON and in that of CBOR, which is that of their encoded names. */
class Fields {
  readonly declared: Field[];
  readonly sorted: Field[];

  constructor(members: Record<string, Type>, optional: Record<string, Type> = {}) {
    const fields = (list: Record<string, Type>, optional: boolean): Field[] =>
      Object.entries(list).map(([name, type]) => ({ name, type, optional }));
    this.declared = [...fields(members, false), ...fields(optional, true)];
    this.sorted = this.declared.slice().sort((a, b) => compare(encodeText(a.name), encodeText(b.name)));
  }
}

const field = new Fields({ position: 'uint64', path: 'text', value: 'text', salt: 'hash', proof: { list: 'hash' } });
const document = new Fields({ record: 'text', kind: 'text', root: 'hash', size: 'uint64', fields: { list: field } });
const claim = new Fields(
  { claim: 'text', height: 'int64' },
  {
    key: 'text',
    since: 'int64',
    from: 'text',
    to: 'text',
    count: 'uint64',
    index: 'uint64',
    size: 'uint64',
    digest: 'hex',
    code: 'uint32',
    codes: { list: 'uint32' },
    events: 'strings',
    path: 'bytes',
    transaction: 'bytes',
    results: 'bytes',
    document,
  },
);
const header = new Fields({ height: 'int64', header: 'bytes' }, { commit: 'bytes', path: 'bytes', tree: 'bytes' });
const evidence = new Fields({ format: 'text', chain: 'text', genesis: 'hash', claims: { list: claim }, headers: { list: header } });

/** One of the two forms of the file. All of it throws Faults. */
interface Form {
  text(): string;
  hash(): Hex;
  hex(): Hex;
  bytes(): Uint8Array;
  strings(): ByteStrings;
  integer(type: Integer): number;
  /** Reads a list; each reads one element. */
  list(each: () => void): void;
  /** Reads an object; member reads the value of one of that name. */
  object(member: (name: string) => void): void;
  order(fields: Fields): Field[];
  end(): void;
}

/** Reads a value in the one way that it can be written: members in their order, none that is empty where it could be left out. */
function read(form: Form, type: Type): unknown {
  if (type instanceof Fields) return readObject(form, form.order(type));
  if (typeof type === 'object') {
    const list: unknown[] = [];
    form.list(() => list.push(read(form, type.list)));
    return list;
  }
  switch (type) {
    case 'int64':
    case 'uint64':
    case 'uint32':
      return form.integer(type);
  }
  return form[type]();
}

function readObject(form: Form, fields: Field[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  let next = 0;
  const skipTo = (name?: string): void => {
    for (; next < fields.length && fields[next]!.name !== name; next++) {
      if (!fields[next]!.optional) throw new Fault(`no ${fields[next]!.name} in its place`);
    }
  };
  form.object((name) => {
    skipTo(name);
    const field = fields[next++];
    if (field === undefined) throw new Fault(`${quote(name)} is unknown, or in the wrong place`);
    const value = read(form, field.type);
    if (field.optional && isEmpty(value, field.type)) throw new Fault(`${name} is empty`);
    object[name] = value;
  });
  skipTo();
  return object;
}

const isEmpty = (value: unknown, type: Type): boolean =>
  value === 0 || (type === 'hex' && value === '0x') || (value as { length?: number }).length === 0;

/** Bounds every list of a file, and of a transaction. */
export const MAX_LIST = 1 << 17;

class JSONForm implements Form {
  private readonly tokens: Tokens;

  constructor(file: Uint8Array) {
    this.tokens = new Tokens(file);
  }

  text = (): string => readText(this.tokens);

  hex(): Hex {
    const text = this.text();
    if (!isHex(text)) throw new Fault('not 0x and lower-case hexadecimal digits');
    return text;
  }

  hash(): Hex {
    const text = this.hex();
    if (text.length !== 66) throw new Fault('not a hash of 32 bytes');
    return text;
  }

  bytes(): Uint8Array {
    return decodeBase64(this.tokens.string().subarray(1, -1));
  }

  strings(): ByteStrings {
    const { data } = this.tokens;
    const list = new ByteStrings((begin, end) => decodeBase64(data.subarray(begin, end)));
    this.list(() => {
      const token = this.tokens.string();
      checkBase64(token.subarray(1, -1));
      list.push(this.tokens.at - token.length + 1, this.tokens.at - 1);
    });
    return list;
  }

  integer(type: Integer): number {
    const word = this.tokens.word();
    if (word.length > 20 || !/^(?:0|-?[1-9][0-9]*)$/.test(word)) throw new Fault('not an integer');
    return within(word.length < 16 ? Number(word) : BigInt(word), type);
  }

  list(each: () => void): void {
    let n = 0;
    this.sequence('[', ']', () => {
      if (++n > MAX_LIST) throw new Fault(`more than ${MAX_LIST} elements`);
      each();
    });
  }

  object(member: (name: string) => void): void {
    this.sequence('{', '}', () => {
      const name = this.text();
      this.tokens.expect(0x3a);
      member(name);
    });
  }

  private sequence(open: string, close: string, each: () => void): void {
    this.tokens.expect(open.charCodeAt(0));
    if (this.tokens.take(close.charCodeAt(0))) return;
    do each();
    while (this.tokens.take(0x2c));
    this.tokens.expect(close.charCodeAt(0));
  }

  order = (fields: Fields): Field[] => fields.declared;
  end = (): void => this.tokens.end();
}

class CBORForm implements Form {
  private readonly reader: CBORReader;

  constructor(file: Uint8Array) {
    this.reader = new CBORReader(file);
  }

  text = (): string => this.reader.text();
  hex = (): Hex => toHex(this.bytes());

  hash(): Hex {
    const bytes = this.bytes();
    if (bytes.length !== 32) throw new Fault('not a hash of 32 bytes');
    return toHex(bytes);
  }

  bytes(): Uint8Array {
    this.reader.length(BYTES, MAX_BYTES);
    return this.reader.content();
  }

  strings(): ByteStrings {
    const { data } = this.reader;
    const list = new ByteStrings((begin, end) => data.subarray(begin, end));
    this.list(() => {
      const { length } = this.bytes();
      list.push(this.reader.at - length, this.reader.at);
    });
    return list;
  }

  integer(type: Integer): number {
    this.reader.head();
    const { major, argument } = this.reader;
    if (major !== UNSIGNED && major !== NEGATIVE) throw new Fault('CBOR: not an integer');
    return within(major === UNSIGNED ? argument : -1n - BigInt(argument), type);
  }

  list(each: () => void): void {
    for (let n = this.reader.length(ARRAY, MAX_LIST); n > 0; n--) each();
  }

  object(member: (name: string) => void): void {
    for (let n = this.reader.length(MAP, 64); n > 0; n--) member(this.text());
  }

  order = (fields: Fields): Field[] => fields.sorted;
  end = (): void => this.reader.end();
}

function within(n: number | bigint, type: Integer): number {
  const [least, most] = integers[type];
  if (n < least || n > most) throw new Fault(`${n} is not of the type ${type}`);
  if (n > MAX_INTEGER) return Infinity;
  return n < -MAX_INTEGER ? -Infinity : Number(n);
}

/** Reads an evidence file in either form; it verifies nothing. The errors are Refusals. */
export function parse(file: Uint8Array): Evidence {
  if (file.length > MAX_BYTES) throw new Refusal('TOO_LARGE', `${file.length} bytes, at most ${MAX_BYTES}`);
  const compact = file.length > 0 && file[0]! >> 5 === MAP; // no JSON begins so
  let e: Evidence;
  try {
    const form = compact ? new CBORForm(file) : new JSONForm(file);
    e = read(form, evidence) as Evidence;
    form.end();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (!compact) refuseFormat(file);
    throw new Refusal('MALFORMED', `not the one way to write evidence: ${error.message}`);
  }
  if (e.format !== FORMAT) throw unknownFormat(e.format);
  check(e);
  return e;
}

/** Refuses a JSON file of another format, which is read as far as its format only. */
function refuseFormat(file: Uint8Array): void {
  try {
    const format = stringMember(file, 'format');
    if (format === undefined) throw new Refusal('MALFORMED', 'no format: this is not evidence');
    if (format !== FORMAT) throw unknownFormat(format);
  } catch (error) {
    if (error instanceof Fault) throw new Refusal('MALFORMED', error.message);
    throw error;
  }
}

const unknownFormat = (format: string): Refusal =>
  new Refusal('FORMAT_UNKNOWN', `format ${quote(format)}, this program knows ${quote(FORMAT)}`);

/** Bounds the claims of a file. */
const MAX_CLAIMS = 1000;

/** Finds what no evidence may be, before anything is verified. */
function check(e: Evidence): void {
  if (e.claims.length === 0 || e.headers.length === 0) throw new Refusal('MALFORMED', 'no claims, or no headers');
  if (e.claims.length > MAX_CLAIMS) throw new Refusal('MALFORMED', `${e.claims.length} claims, at most ${MAX_CLAIMS}`);
  let above = Infinity;
  e.headers.forEach((h, i) => {
    if (h.height < 1 || h.height > MAX_INTEGER) throw new Refusal('MALFORMED', `header ${i}: its height is no height`);
    if (h.height >= above) throw new Refusal('MALFORMED', `header ${i}: headers stand in descending order of height`);
    if ((i === 0) !== (h.commit !== undefined) || (i === 0 && h.path !== undefined)) {
      throw new Refusal('MALFORMED', `header ${i}: the first is signed, the others have paths`);
    }
    above = h.height;
  });
  e.claims.forEach((c, i) => {
    const d = c.document;
    const numbers = [c.height, c.since ?? 0, c.count ?? 0, c.index ?? 0, c.size ?? 0, d?.size ?? 0, ...(d?.fields ?? []).map((f) => f.position)];
    if (numbers.some((n) => n < 0 || n > MAX_INTEGER)) throw new Refusal('MALFORMED', `claim ${i}: a number is not in 0 to 2^53-1`);
  });
}
