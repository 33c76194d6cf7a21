import { useFormats } from "../provider";
import type { Axis } from "../time/axis";

interface TimeGutterProps {
  axis: Axis;
  doubled: string;
}

/** The hours beside the grid. An hour that one of the days has twice is named twice. */
export function TimeGutter({ axis, doubled }: TimeGutterProps) {
  const formats = useFormats();
  const percent = (row: number) => ({ insetBlockStart: `${(row / axis.length) * 100}%` });
  return (
    <div className="apt-grid__gutter" aria-hidden="true">
      {rowsOf(axis).map(({ row, minute, again }) => (
        <span key={row} className="apt-grid__hour" style={percent(row)}>
          {formats.hour(minute)}
          {again && <small> ({doubled})</small>}
        </span>
      ))}
    </div>
  );
}

interface Hour {
  row: number;
  minute: number;
  again: boolean;
}

/** Return the rows that have a name: each full hour but midnight, and the begin of each band. */
export function rowsOf(axis: Axis): Hour[] {
  const hours: Hour[] = [];
  for (let minute = 60; minute < 1_440; minute += 60) {
    const before = axis.bands.filter((band) => band.at <= minute).reduce((sum, band) => sum + band.length, 0);
    hours.push({ row: minute + before, minute, again: false });
  }
  let added = 0;
  for (const band of axis.bands) {
    hours.push({ row: band.at + added, minute: band.at - band.length, again: true });
    added += band.length;
  }
  return hours.sort((a, b) => a.row - b.row);
}
