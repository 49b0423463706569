// Prints src/kinds.ts from the ledger's schema: what the verifier has to know of the kinds of transactions, of the keys and of the results.
import { readFileSync } from 'node:fs';

const schema = JSON.parse(readFileSync(new URL('../../../types/testdata/schema.json', import.meta.url), 'utf8'));

// The types that src/transaction.ts hashes; a struct is named as it is.
const plain = ['string', 'bool', 'int64', 'uint64', 'address', 'bytes32'];

const structs = new Map();
for (const kind of schema.kinds) {
  for (const [name, fields] of Object.entries(kind.eip712Types)) {
    if (name === 'EIP712Domain' || name === 'Transaction') continue;
    for (const f of fields) {
      const type = f.type.replace(/\[\]$/, '');
      if (!plain.includes(type) && !(type in kind.eip712Types)) throw new Error(`${name}.${f.name}: the type ${f.type} is not known`);
    }
    structs.set(name, fields.map((f) => `${f.type} ${f.name}`).join());
  }
}

const kinds = schema.kinds.map((k) => k.name);
process.stdout.write(
  `// Written by scripts/kinds.mjs from the ledger's schema.

/** The kinds of transactions. */
export const kinds = [
${kinds.map((k) => `  '${k}',`).join('\n')}
];

/** The members of the kinds' bodies, and of the structs in them, as EIP-712 writes them. */
export const structs: Record<string, string> = {
${[...structs].map(([name, fields]) => `  ${name}: '${fields}',`).join('\n')}
};

/** What keys begin with, before a slash. */
export const families = [
${schema.records.map((r) => `  '${r.prefix}',`).join('\n')}
];

/** The names of results, by their codes. */
export const results: Record<number, string> = {
${schema.codes.map((c) => `  ${c.number}: '${c.name}',`).join('\n')}
};
`,
);
