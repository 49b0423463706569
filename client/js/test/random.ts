/** Numbers that look random and are the same each time: mulberry32. below(n) is an integer from 0 to n-1. */
export function random(seed: number): { below: (n: number) => number; bytes: (n: number) => Uint8Array; pick: <T>(list: readonly T[]) => T } {
  const next = (): number => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { below, bytes: (n) => Uint8Array.from({ length: n }, () => below(256)), pick: (list) => list[below(list.length)]! };
}
