import { concat, equal, fromHex, type Hex } from './bytes.ts';
import { decodeCBOR, isHash, isInteger, isMap, type CBORMap } from './cbor.ts';
import { included, prove, type Proven } from './claims.ts';
import { parse, type Evidence, type Header } from './file.ts';
import { powerOf, readHeader, VALIDATORS, verifyCommit, type Block, type ReadHeader, type Signature } from './header.ts';
import { leafHash, peakCount, type Peaks } from './merkle.ts';
import { Fault, quote, Refusal } from './refusal.ts';
import { readTree, type Tree } from './tree.ts';
import { checkTrust, validatorsHash, type Trust } from './trust.ts';

/** What an evidence file proves. Only verify makes one. */
export interface Verdict {
  chain: string;
  genesis: Hex;
  /** the header that the validators signed */
  signed: Block;
  /** every validator of the trust file */
  validators: Signature[];
  powerSigned: number;
  powerTotal: number;
  /** in the order of the file */
  claims: Proven[];
}

/**
 * Checks an evidence file against the trust that the caller has: that validators with more than two thirds of the power signed a header of
 * that chain, that the header commits to the states and blocks that the claims are about, and that these say what is claimed. It believes
 * nothing in the file, reads no clock and uses no network.
 *
 * It throws a Refusal for a file that does not prove its claims; any other error means that the trust is not valid.
 */
export function verify(file: Uint8Array, trust: Trust): Verdict {
  checkTrust(trust);
  const evidence = parse(file);
  if (evidence.chain !== trust.chain || evidence.genesis !== trust.genesis) {
    throw new Refusal(
      'CHAIN_DIFFERS',
      `it is of the chain ${quote(evidence.chain)} with the genesis ${evidence.genesis}, the trust file of ${quote(trust.chain)} with ${trust.genesis}`,
    );
  }
  const { signed, validators } = verifySigned(evidence, trust);
  const blocks = new ProvenBlocks(evidence, signed);
  const { signed: powerSigned, total: powerTotal } = powerOf(validators);
  const claims = evidence.claims.map((claim, i) => {
    try {
      return prove(blocks, claim);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.reason, error.detail, i) : error;
    }
  });
  return { chain: evidence.chain, genesis: evidence.genesis, signed: signed.block, validators, powerSigned, powerTotal, claims };
}

/** Checks that the trust file's validators signed the first header. */
function verifySigned({ headers, chain }: Evidence, trust: Trust): { signed: ReadHeader; validators: Signature[] } {
  const signed = readHeader(headers[0]!, chain);
  if (!equal(signed.fields[VALIDATORS]!, concat([0x0a, 32], validatorsHash(trust)))) {
    throw new Refusal(
      'VALIDATORS_DIFFER',
      `the validators of block ${signed.block.height} are not those of the trust file; it may be too old`,
    );
  }
  return { signed, validators: verifyCommit(headers[0]!.commit!, signed, trust) };
}

/** A header that is proven to be of the chain, and what it shows of the state before it. */
interface ProvenBlock extends ReadHeader {
  tree: Tree | undefined;
}

/** The blocks that are proven to be of the chain, and the states under them. */
export class ProvenBlocks {
  readonly genesis: Hex;
  private readonly blocks = new Map<number, ProvenBlock>();

  /** Proves all headers of the evidence from the first, whose signatures were checked. */
  constructor({ headers, chain, genesis }: Evidence, signed: ReadHeader) {
    this.genesis = genesis;
    const [first, ...others] = headers as [Header, ...Header[]];
    const newest = this.enter(signed, first.tree);
    checkGenesis(newest, chain, genesis);
    const log = historyOf(newest.tree?.value('chain/blocks'));
    for (const p of others) {
      const header = readHeader(p, chain);
      // The last leaf is the block before the signed one.
      const index = (log?.size ?? 0) - (first.height - p.height);
      if (log === undefined || index < 0 || !included(log, index, leafHash(header.hash), p.path)) {
        throw new Refusal('BLOCK_UNPROVEN', `block ${p.height} with the hash ${header.block.hash} is not shown to be of this chain`);
      }
      this.enter(header, p.tree);
    }
  }

  /** Takes a header that is proven, and reads its tree. */
  private enter(header: ReadHeader, data: Uint8Array | undefined): ProvenBlock {
    let tree: Tree | undefined;
    if (data !== undefined) {
      const { root, show } = readTree(data);
      if (!equal(root, header.app)) throw new Refusal('ROOT_DIFFERS', `the tree of block ${header.block.height} is not that of its AppHash`);
      tree = show();
    }
    const block = { ...header, tree };
    this.blocks.set(header.block.height, block);
    return block;
  }

  /** The header of a height. */
  at(height: number): ProvenBlock {
    const block = this.blocks.get(height);
    if (block === undefined) throw new Refusal('BLOCK_UNPROVEN', `the header of block ${height} is not there`);
    return block;
  }

  /** The header that commits to the state after the block at a height, with its tree. */
  state(height: number): { block: Block; tree: Tree } {
    const { block, tree } = this.blocks.get(height + 1) ?? {};
    if (block === undefined || tree === undefined) throw new Refusal('STATE_MISSING', `the state after block ${height} is not there`);
    return { block, tree };
  }

  /** A record after the block at a height. */
  record(key: string, height: number): { block: Block; value: Uint8Array } {
    const { block, tree } = this.state(height);
    const value = tree.value(key);
    if (value === undefined) throw new Refusal('KEY_UNPROVEN', `the record ${quote(key)} after block ${height} is not shown`);
    return { block, value };
  }

  /** A record with its history. */
  logged(key: string, height: number): { block: Block; value: Uint8Array; log: Peaks } {
    const proven = this.record(key, height);
    const log = historyOf(proven.value);
    if (log === undefined) throw new Refusal('HISTORY_DIFFERS', `the record ${key} has no history`);
    return { ...proven, log };
  }
}

/**
 * Checks that the state is of the genesis: chain id and validators alone would not tell a chain from one that was begun anew with the same
 * keys.
 */
function checkGenesis({ block, tree }: ProvenBlock, chain: string, genesis: Hex): void {
  const params = mapOf(tree?.value('chain/params'));
  if (params?.chain !== chain || !isHash(params.genesis) || !equal(params.genesis, fromHex(genesis))) {
    throw new Refusal('GENESIS_DIFFERS', `the state before block ${block.height} does not say that it is of this genesis`);
  }
}

/** Reads a record, which validators agreed upon; undefined if it is not a map. It may have members that this program does not know. */
function mapOf(value: Uint8Array | undefined): CBORMap | undefined {
  if (value === undefined) return undefined;
  try {
    const map = decodeCBOR(value);
    return isMap(map) ? map : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The history in a record. */
function historyOf(value: Uint8Array | undefined): Peaks | undefined {
  const history = mapOf(value)?.history;
  if (!isMap(history)) return undefined;
  const { size, peaks } = history;
  if (!isInteger(size) || size < 0 || !Array.isArray(peaks) || !peaks.every(isHash) || peaks.length !== peakCount(size)) return undefined;
  return { size, peaks };
}
