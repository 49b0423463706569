import { byId, h, icon } from './dom.ts';
import { fromPaste } from './files.ts';
import { isTrust, trustPanel, useTrust } from './trust.ts';
import { check, claimSays, later, provenParts, refusedBanner, type Outcome } from './verdict.ts';
import { count, start, t, type Word } from './words.ts';

/** A file that was given to the page; name is a word where it has none. */
interface Given {
  name: string;
  word?: Word;
  bytes?: Uint8Array;
  fault?: string; // why there are no bytes
  outcome?: Outcome | undefined;
}

let given: Given[] = [];

/** Checks files, one after the other, and shows what came of it. */
async function checkAll(files: Given[]): Promise<void> {
  given = files;
  byId('results').replaceChildren(h('p.busy', { role: 'status' }, t('checking')));
  for (const one of files) {
    await new Promise((done) => setTimeout(done)); // lets the page be drawn
    if (one.bytes) one.outcome = check(one.bytes);
  }
  draw();
  focusVerdict();
}

function focusVerdict(): void {
  const head = byId('results').querySelector<HTMLElement>('h2');
  head?.focus({ preventScroll: true });
  byId('results').scrollIntoView({ block: 'start' });
}

/** Takes what was dropped or chosen: trust files are used, everything else is checked. */
async function take(files: FileList | null | undefined): Promise<void> {
  const list: Given[] = [];
  let changed = false;
  for (const file of files ?? []) {
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (isTrust(bytes)) {
        useTrust(file.name, new TextDecoder().decode(bytes));
        changed = true;
      } else {
        list.push({ name: file.name, bytes });
      }
    } catch (error) {
      list.push({ name: file.name, fault: t('unreadable', String(error)) }); // a folder, or a file that went away
    }
  }
  if (list.length > 0) await checkAll(list);
  else if (changed) await checkAll(given);
}

function takeText(text: string, word: Word): void {
  const bytes = fromPaste(text);
  void checkAll([bytes ? { name: '', word, bytes } : { name: '', word, fault: t('notText') }]);
}

function takeFragment(): void {
  if (location.hash.length > 1) takeText(location.hash, 'fromLink');
}

function draw(): void {
  const now = Date.now();
  byId('results').replaceChildren(...(given.length > 1 ? table(now) : given.map((one) => article(one, now))));
  byId('trust-panel').replaceChildren(trustPanel(now, () => void checkAll(given)));
  document.title = `${t('checkTitle')} · Carya`;
}

const nameOf = (one: Given): string => (one.word ? t(one.word) : one.name);
const isProven = (one: Given): boolean => one.outcome !== undefined && 'verdict' in one.outcome;

/** All about one file. */
function article(one: Given, now: number): HTMLElement {
  const element = h('article', h('p.file', nameOf(one)));
  const { outcome } = one;
  if (!outcome) {
    element.append(h('div.banner.bad', { role: 'alert' }, icon('no'),
      h('div', h('h2', { tabindex: '-1' }, t('notProven')), h('p', one.fault ?? t('trustNone')))));
    return element;
  }
  element.dataset['ms'] = outcome.ms.toFixed(1);
  if ('verdict' in outcome) {
    element.dataset['verdict'] = 'proven';
    for (const part of provenParts(outcome.verdict, now)) element.append(part as Node);
  } else {
    element.dataset['verdict'] = outcome.refusal.reason;
    element.append(refusedBanner(t('notProven'), outcome.refusal));
  }
  return element;
}

/** Several files: a line each, which opens. */
function table(now: number): HTMLElement[] {
  const proven = given.filter(isProven).length;
  const rows = given.map((one) => {
    const good = isProven(one);
    const row = h('details.row', h('summary',
      icon(good ? 'yes' : 'no'),
      h('span.name', nameOf(one)),
      h('span.says', brief(one)),
      h('span.state', good ? t('proven') : t('notProven'))));
    row.classList.add(good ? 'good' : 'bad');
    return h('li', later(row, () => row.append(article(one, now))));
  });
  const all = given.length === proven;
  return [
    h(all ? 'div.banner.good' : 'div.banner.bad', { role: all ? 'status' : 'alert' },
      icon(all ? 'yes' : 'no'),
      h('div', h('h2', { tabindex: '-1' }, t('filesChecked', given.length, proven, given.length - proven)))),
    h('ul.rows', ...rows),
  ];
}

function brief(one: Given): string {
  if (one.outcome && 'verdict' in one.outcome) {
    const { claims } = one.outcome.verdict;
    return claims.length === 1 ? claimSays(claims[0]!) : count(claims.length, 'oneClaim', 'claimCount');
  }
  return one.outcome ? `${one.outcome.refusal.reason}: ${t(one.outcome.refusal.reason)}` : one.fault ?? t('trustNone');
}

function listen(): void {
  const zone = byId('drop');
  addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) zone.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    void take(event.dataTransfer?.files);
  });
  const chooser = byId('files') as HTMLInputElement;
  chooser.addEventListener('change', () => void take(chooser.files).then(() => (chooser.value = '')));
  byId('paste').addEventListener('submit', (event) => {
    event.preventDefault();
    takeText((byId('text') as HTMLTextAreaElement).value, 'pasted');
  });
  addEventListener('hashchange', takeFragment);
}

listen();
start(draw);
takeFragment();
