/** Why evidence proves nothing. Verifiers in all languages give the same reason for the same file: the first that applies. */
export type Reason =
  | 'TOO_LARGE' // more than MAX_BYTES
  | 'MALFORMED' // not evidence, or not the one way to write it
  | 'FORMAT_UNKNOWN' // of another version
  | 'CHAIN_DIFFERS' // of another chain or genesis than the trust file
  | 'HEADER_INVALID' // not a header of this chain and height
  | 'VALIDATORS_DIFFER' // the header's validators are not those of the trust file
  | 'COMMIT_INVALID' // not a vote for each validator
  | 'SIGNATURE_INVALID' // a vote's signature is not its validator's
  | 'POWER_SHORT' // not more than two thirds of the power voted for the header
  | 'TREE_INVALID' // not a pruned tree
  | 'ROOT_DIFFERS' // the tree is not the one that the header commits to
  | 'GENESIS_DIFFERS' // the state does not say that it is of this genesis
  | 'BLOCK_UNPROVEN' // a header is not in chain/blocks of the signed one, or not there
  | 'CLAIM_UNKNOWN' // no such kind of claim, or not its members
  | 'KEY_INVALID' // not a key as the ledger writes them
  | 'STATE_MISSING' // no tree of the state that the claim is about
  | 'KEY_UNPROVEN' // the tree shows neither the record nor its absence, or the other of them
  | 'HISTORY_DIFFERS' // the events are not all of the record's history
  | 'EVENT_UNPROVEN' // the event is not at that place of the history
  | 'NOT_PREFIX' // the older history is not the beginning of the newer
  | 'RANGE_INCOMPLETE' // the tree does not show every key of the range
  | 'COUNT_DIFFERS' // the range has another number of keys
  | 'COMMITMENT_DIFFERS' // the event commits to another document
  | 'FIELD_UNPROVEN' // a field is not in the document
  | 'TRANSACTION_UNPROVEN' // the block does not hold the transaction there
  | 'RESULT_UNPROVEN' // the transaction's result is another
  | 'DIGEST_DIFFERS'; // the transaction has another digest

/** What verify and parse throw for a file that does not prove its claims. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  /** Index of the claim, -1 where it is about the whole file. */
  readonly claim: number;
  readonly detail: string;

  constructor(reason: Reason, detail: string, claim = -1) {
    super(claim < 0 ? `${reason}: ${detail}` : `claim ${claim}: ${reason}: ${detail}`);
    this.reason = reason;
    this.claim = claim;
    this.detail = detail;
  }
}

/** Bytes that are not what they should be. Whoever reads them says what that means for the evidence. */
export class Fault extends Error {}

/** Runs a function; a Fault in it becomes a Refusal. */
export function refusing<T>(reason: Reason, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) throw new Refusal(reason, `${what}: ${error.message}`);
    throw error;
  }
}

/** A part of the file in a message: short, in quotes. */
export const quote = (text: string): string => JSON.stringify(text.length > 200 ? text.slice(0, 200) + '…' : text);
