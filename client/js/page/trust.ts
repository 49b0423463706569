import { readTrust, type Trust } from '../src/index.ts';
import { code, facts, fold, h, inlined, type Child } from './dom.ts';
import { ago, DAY, moment, percent } from './format.ts';
import { t } from './words.ts';

/** What the server says of the page. */
export interface Page {
  node: string; // as people know it
  lot?: string;
  unknown?: boolean; // the node has no such lot
}

const own = inlined<object>('trust');
export const page: Page = inlined<Page>('page') ?? { node: '' };

/** The trust in use: the page's, or one that the reader gave it. */
export let trust: Trust | undefined = own ? readTrust(JSON.stringify(own)) : undefined;
let given = ''; // name of the reader's file
let fault: { name: string; says: string } | undefined; // of the last file that was none

/** Takes another trust file, and says whether it is one. */
export function useTrust(name: string, text: string): boolean {
  try {
    trust = readTrust(text);
    given = name;
    fault = undefined;
  } catch (error) {
    fault = { name, says: error instanceof Error ? error.message : String(error) };
  }
  return fault === undefined;
}

function usePageTrust(): void {
  trust = own ? readTrust(JSON.stringify(own)) : undefined;
  given = '';
  fault = undefined;
}

/** Reports whether a file is meant as a trust file, or is a genesis file. */
export function isTrust(file: Uint8Array): boolean {
  if (file[0]! >> 5 === 5 || file.length > 4 << 20) return false;
  try {
    const { format, chain_id: chain, app_state: state } = JSON.parse(new TextDecoder().decode(file)) as Record<string, unknown>;
    return String(format).startsWith('carya-trust/') || String(format).startsWith('carya-genesis/') || (chain !== undefined && state !== undefined);
  } catch {
    return false;
  }
}

const nodeName = (): string => page.node || t('aNode');

/** Says which trust is in use, and where it comes from. */
function trustSays(now: number): Child[] {
  if (!trust) return [h('p.warn', t('trustNone'))];
  const since = trust.block === '0x' + '0'.repeat(64)
    ? t('trustGenesisTime', moment(trust.time), ago(trust.time, now))
    : t('trustBlock', trust.height, moment(trust.time), ago(trust.time, now));
  return [
    facts([
      [t('trustChain'), trust.chain],
      [t('trustGenesis'), h('code.hash', trust.genesis)],
      [t('trustAge'), since],
    ]),
    now - trust.time > 90 * DAY && h('p.warn', t('trustOld')),
    h('p', given ? [t('trustOwn', given)] : t('trustPage', nodeName())),
  ];
}

/** The panel at the end of a page: whom it believes, and a place for another trust file. */
export function trustPanel(now: number, changed: () => void): HTMLElement {
  const input = h('input', {
    type: 'file', id: 'trust-file', accept: '.json,application/json', class: 'visually-hidden',
    change: (event) => void take((event.target as HTMLInputElement).files?.[0], changed),
  });
  const total = trust?.validators.reduce((sum, v) => sum + v.power, 0) ?? 0;
  return h('section.panel.trust', { 'aria-labelledby': 'trust-title' },
    h('h2', { id: 'trust-title' }, t('whichTrust')),
    ...trustSays(now),
    trust && fold(t('organisations'), facts(trust.validators.map((v) => [
      `${v.name} (${v.member})`, [percent(v.power, total), ' ', code(v.key)],
    ]))),
    fault && h('p.warn', { role: 'alert' }, t('trustBad', fault.name, fault.says)),
    h('p.buttons',
      input, h('label.button', { for: 'trust-file' }, t('trustUse')),
      given !== '' && own !== null && h('button', { type: 'button', click: () => { usePageTrust(); changed(); } }, t('trustUsePage'))),
  );
}

async function take(file: File | undefined, changed: () => void): Promise<void> {
  if (!file) return;
  useTrust(file.name, await file.text());
  changed();
}
