/** What an element can hold. Text is only ever set as text: nothing in a file can become markup. */
export type Child = Node | string | null | undefined | false | Child[];

type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** Makes an element: h('p.note', {id: 'x'}, 'text', child). Classes stand behind the name. */
export function h(name: string, ...rest: [Attributes, ...Child[]] | Child[]): HTMLElement {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag!);
  if (classes.length > 0) element.className = classes.join(' ');
  const [first, ...others] = rest;
  if (isAttributes(first)) {
    setAttributes(element, first);
    append(element, others as Child[]);
  } else {
    append(element, rest as Child[]);
  }
  return element;
}

const isAttributes = (v: Attributes | Child): v is Attributes =>
  typeof v === 'object' && v !== null && !(v instanceof Node) && !Array.isArray(v);

function setAttributes(element: HTMLElement, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (typeof value === 'string') element.setAttribute(name, value);
    else if (value) element.setAttribute(name, '');
  }
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child) element.append(child);
  }
}

/** The element of the page with this id, which the HTML source has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** The JSON that the server put into the page, null if it put none. */
export function inlined<T>(id: string): T | null {
  return JSON.parse(byId(id).textContent || 'null') as T | null;
}

const shapes = {
  // A tick in a circle, a cross in an octagon, a bang in a triangle, a dash in a circle: they differ in black and white, too.
  yes: ['M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z', 'M7 12.5l3.4 3.4L17 9'],
  no: ['M8 2h8l6 6v8l-6 6H8l-6-6V8z', 'M8.5 8.5l7 7m0-7l-7 7'],
  care: ['M12 2.5L23 21.5H1z', 'M12 9v6m0 2.6v.4'],
  gone: ['M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z', 'M7.5 12h9'],
};

/** A picture that says again what the words beside it say. */
export function icon(shape: keyof typeof shapes): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon ${shape}`);
  for (const d of shapes[shape]) {
    const path = document.createElementNS(space, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** Something to unfold. */
export function fold(title: Child, ...content: Child[]): HTMLElement {
  return h('details.fold', h('summary', title), h('div.inside', ...content));
}

/** Names with values, one a line. */
export function facts(rows: [Child, Child][]): HTMLElement {
  return h('dl.facts', ...rows.map(([name, value]) => h('div', h('dt', name), h('dd', value))));
}

export const code = (text: string): HTMLElement => h('code', text);
