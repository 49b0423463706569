import { language, t } from './words.ts';

const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');

/** 2026-11-23 16:00:03 UTC+8: a time to the second, in the reader's zone. */
export function moment(ms: number): string {
  const d = new Date(ms);
  const clock = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock} ${zone(-d.getTimezoneOffset())}`;
}

function zone(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest ? ':' + pad(rest) : ''}`;
}

/** 2026-11-23 16:00: a time to the minute. */
export const minute = (ms: number): string => moment(ms).slice(0, 16);

/** 23 November 2026, 2026年11月23日. */
export function day(ms: number): string {
  return new Intl.DateTimeFormat(language() === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'long' }).format(ms);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 3 days ago, 3天前; what lies ahead by less than a minute is now. */
export function ago(ms: number, now: number): string {
  const past = now - ms;
  const size = Math.abs(past);
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [[365 * DAY, 'year'], [60 * DAY, 'month'], [DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute']];
  const [unit, name] = steps.find(([length]) => size >= length) ?? [0, 'minute'];
  if (unit === 0) return t('justNow');
  const length = name === 'month' ? 30 * DAY : unit;
  return new Intl.RelativeTimeFormat(language() === 'zh' ? 'zh-CN' : 'en', { numeric: 'always' }).format(-Math.trunc(past / length), name);
}

/** 1,234. */
export function whole(n: number): string {
  return new Intl.NumberFormat('en').format(n);
}

export function percent(part: number, all: number): string {
  return (all > 0 ? (100 * part) / all : 0).toFixed(1).replace('.0', '') + ' %';
}

/** Signs of units that people know better than the codes of UNECE Recommendation 20. */
const symbols: Record<string, string> = {
  KGM: 'kg', GRM: 'g', MGM: 'mg', LBR: 'lb', ONZ: 'oz', LTR: 'l', MLT: 'ml', HLT: 'hl', MTQ: 'm³', MTR: 'm', CMT: 'cm', KMT: 'km',
  MTK: 'm²', H18: 'ha', CEL: '°C', P1: '%', HUR: 'h',
};

/** A number, written in decimal, with its unit; a quantity without unit counts pieces (EPCIS 2.0). */
export function quantity(decimal: string, unit: string): string {
  const [integer, fraction] = decimal.split('.');
  const number = integer!.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction ? '.' + fraction : '');
  switch (unit) {
    case '': case 'C62': case 'EA': case 'H87': case 'NAR':
      return t(number === '1' ? 'piece' : 'pieces', number);
    case 'DZN':
      return t('dozens', number);
    case 'TNE':
      return t('tonnes', number);
    case 'M86':
      return t('jin', number);
  }
  return `${number} ${symbols[unit] ?? unit}`;
}

/** A quantity of the ledger, which counts 10^-5 of its unit. */
export function amount(n: number, unit: string): string {
  const text = pad(n, 6);
  return quantity((text.slice(0, -5) + '.' + text.slice(-5)).replace(/\.?0+$/, ''), unit);
}
