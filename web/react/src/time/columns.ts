export interface Span {
  /** Half-open, in rows of the grid. */
  start: number;
  end: number;
}

export interface Placed<T> {
  entry: T;
  /** The lane within its cluster, and how many lanes the cluster has. */
  lane: number;
  lanes: number;
}

/** Place entries that overlap side by side: each cluster of overlapping entries shares the width of its day. */
export function sideBySide<T extends Span>(entries: readonly T[]): Placed<T>[] {
  const sorted = [...entries].sort((a, b) => a.start - b.start || b.end - a.end);
  const placed: Placed<T>[] = [];
  let cluster: Placed<T>[] = [];
  let ends: number[] = [];
  for (const entry of sorted) {
    if (ends.every((end) => end <= entry.start)) {
      close(cluster, ends.length);
      [cluster, ends] = [[], []];
    }
    const free = ends.findIndex((end) => end <= entry.start);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = entry.end;
    const one = { entry, lane, lanes: 1 };
    cluster.push(one);
    placed.push(one);
  }
  close(cluster, ends.length);
  return placed;
}

function close<T>(cluster: Placed<T>[], lanes: number): void {
  for (const one of cluster) one.lanes = lanes;
}
