// Builds the pages: node page/build.mjs [FOLDER]. Each becomes one HTML file with its style and script in it, by default in the
// folder of the Go package that serves them. The same sources make the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, '../../../node/web');
const budget = 150 * 1024;

const bundle = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [join(here, entry)], bundle: true, minify: true, charset: 'utf8', target: 'es2022', format: 'iife', write: false,
    legalComments: 'eof', absWorkingDir: here,
  });
  return outputFiles[0].text.trim();
};

const source = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

mkdirSync(folder, { recursive: true });
const style = await bundle('page.css');
for (const name of ['verify', 'lot']) {
  const script = (await bundle(name + '.ts')).replace(/<\/(script)/gi, '<\\/$1');
  // The page runs this script, is drawn in this style, and reaches nothing else: no connection, no image, no form.
  const policy = `default-src 'none'; script-src ${source(script)}; style-src ${source(style)}; base-uri 'none'; form-action 'none'`;
  const html = readFileSync(join(here, name + '.html'), 'utf8')
    .replace('/*policy*/', () => policy).replace('/*style*/', () => style).replace('/*script*/', () => script);
  if (Buffer.byteLength(html) > budget) throw new Error(`${name}.html has ${Buffer.byteLength(html)} bytes, at most ${budget}`);
  writeFileSync(join(folder, name + '.html'), html);
  console.log(`${name}.html ${Buffer.byteLength(html)} bytes`);
}
