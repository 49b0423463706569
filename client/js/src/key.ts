import type { Claim } from './file.ts';
import { families } from './kinds.ts';

/** Bounds a key. */
export const MAX_KEY = 1024;

/**
 * Admits the keys that the ledger could hold. To the state a key is any string, and whatever is misspelt is absent from it: a proof that
 * there is no lot/6901234000016.L1 says nothing about the lot 06901234000016.L1.
 */
export function keysValid({ claim, key = '', from = '', to = '' }: Claim): boolean {
  switch (claim) {
    case 'range':
      return visible(from, 0) && visible(to, 0) && (to === '' || from < to);
    case 'block':
    case 'transaction':
      return true;
    case 'absence':
      return visible(key, 1) && spelt(key);
  }
  return visible(key, 1);
}

/** Admits visible ASCII characters. */
const visible = (key: string, least: number): boolean => key.length >= least && key.length <= MAX_KEY && !/[^!-~]/.test(key);

/** The records that are alone in their family. */
const single = ['chain/params', 'chain/blocks', 'limits'];

/**
 * Reports whether a key is written as keys of its family are: lot/<GTIN of 14 digits>.<lot>, order/<member>/<ULID> and so on, and
 * anything but a slash at the end in the other families.
 */
function spelt(key: string): boolean {
  if (single.includes(key)) return true;
  const family = families.find((f) => key.startsWith(f + '/'));
  if (family === undefined) return false;
  const rest = key.slice(family.length + 1);
  switch (family) {
    case 'lot':
      return /^[0-9]{14}\../.test(rest);
    case 'event':
    case 'order':
    case 'payment':
    case 'waybill':
    case 'declaration':
      return /^[^/]+\/[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(rest);
  }
  return /[^/]$/.test(rest);
}
