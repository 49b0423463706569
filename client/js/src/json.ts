import { textOf } from './bytes.ts';
import { Fault } from './refusal.ts';

/** The depth at which the Go program gives up. */
const MAX_DEPTH = 10_000;

const OBJECT = 0x7b; // {
const OBJECT_END = 0x7d;
const ARRAY = 0x5b; // [
const ARRAY_END = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Reads JSON token by token, with white space between them. What is no JSON throws a Fault. */
export class Tokens {
  readonly data: Uint8Array;
  at = 0;
  /** The last string was ASCII without escapes: it says what stands there. */
  plain = true;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** The first byte of the next token, -1 at the end. */
  peek(): number {
    for (;;) {
      const c = this.data[this.at];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return c ?? -1;
      this.at++;
    }
  }

  /** Takes the next token if it is a certain character. */
  take(c: number): boolean {
    if (this.peek() !== c) return false;
    this.at++;
    return true;
  }

  expect(c: number): void {
    if (!this.take(c)) throw new Fault(`JSON: no ${String.fromCharCode(c)} at byte ${this.at}`);
  }

  /** Takes a string, with its quotes and escapes as they stand. */
  string(): Uint8Array {
    this.expect(QUOTE);
    const begin = this.at - 1;
    this.plain = true;
    for (;;) {
      const c = this.data[this.at++];
      if (c === QUOTE) return this.data.subarray(begin, this.at);
      if (c === undefined || c < 0x20) throw new Fault(`JSON: no end of the string at byte ${begin}`);
      if (c === BACKSLASH) this.at++;
      if (c === BACKSLASH || c >= 0x80) this.plain = false;
    }
  }

  /** Takes a number, true, false or null, or what stands in the place of one. */
  word(): string {
    this.peek();
    const begin = this.at;
    while (inWord(this.data[this.at])) this.at++;
    return textOf(this.data.subarray(begin, this.at));
  }

  end(): void {
    if (this.peek() !== -1) throw new Fault(`JSON: something follows its end at byte ${this.at}`);
  }
}

/** Reports whether a byte belongs to a number, true, false or null: letters, digits, plus, minus and point. */
const inWord = (c: number | undefined): boolean =>
  c !== undefined && ((c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x2b || c === 0x2d || c === 0x2e);

/** What a string token says. */
function unquote(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new Fault('JSON: a string with an unknown escape');
  }
}

/** Takes a string that is written in the one way: beyond what JSON demands, only U+2028 and U+2029 are escaped. */
export function readText(t: Tokens): string {
  const token = textOf(t.string());
  if (t.plain) return token.slice(1, -1);
  const text = unquote(token);
  const again = JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  if (again !== token || /\p{Surrogate}/u.test(text)) throw new Fault('JSON: a string that is not written in the one way');
  return text;
}

const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/**
 * The string that stands last under a name in the object that a file is, undefined if there is none. The whole file is checked to be
 * JSON, without recursion and without building what it says: it may be any file.
 */
export function stringMember(file: Uint8Array, name: string): string | undefined {
  const t = new Tokens(file);
  const open = new Uint8Array(MAX_DEPTH); // the objects and arrays around the place
  let depth = 0;
  let found: string | undefined;
  let wanted = false; // the value is the one under the name

  const key = (): void => {
    const token = t.string();
    const text = depth === 1 || !t.plain ? unquote(textOf(token)) : '';
    if (depth === 1) wanted = text === name;
    t.expect(COLON);
  };
  const scalar = (): string | undefined => {
    if (t.peek() === QUOTE) {
      const token = t.string();
      return (depth === 1 && wanted) || !t.plain ? unquote(textOf(token)) : undefined;
    }
    const word = t.word();
    if (word !== 'true' && word !== 'false' && word !== 'null' && !number.test(word)) throw new Fault(`JSON: no value at byte ${t.at}`);
    return undefined;
  };

  if (t.peek() !== OBJECT) throw new Fault('JSON: not an object');
  do {
    // A value begins.
    const c = t.peek();
    if (depth === 1 && wanted) found = undefined;
    if (c === OBJECT || c === ARRAY) {
      if (depth === MAX_DEPTH) throw new Fault('JSON: too deep');
      open[depth++] = c;
      t.at++;
      if (t.peek() !== (c === OBJECT ? OBJECT_END : ARRAY_END)) {
        if (c === OBJECT) key();
        continue;
      }
    } else {
      const text = scalar();
      if (depth === 1 && wanted) found = text;
    }
    // A value ended, or an empty one is about to.
    while (depth > 0 && !t.take(COMMA)) t.expect(open[--depth] === OBJECT ? OBJECT_END : ARRAY_END);
    if (depth > 0 && open[depth - 1] === OBJECT) key();
  } while (depth > 0);
  t.end();
  return found;
}
