import type { Setting } from '../../conformance/rows.js';
import type { Report } from '../../conformance/tap.js';
import { elementById } from '../layout/element.js';

const signs = { passed: '✓', failed: '✗', skipped: '–' } as const;

/** The table of all cases in all rows of the suite, which are its columns. */
export interface Matrix {
  /** Shows what has been reported in a column; what was shown before stays. */
  show(column: number, reports: readonly Report[]): void;
  filter(text: string, onlyFailures: boolean): void;
}

export function createMatrix(settings: readonly Setting[]): Matrix {
  const cases = elementById('cases', HTMLTableSectionElement);
  const lines = new Map<string, HTMLTableRowElement>();
  const shown = settings.map(() => 0);
  let wanted = { text: '', onlyFailures: false };

  const heading = elementById('columns', HTMLTableSectionElement).insertRow();
  for (const words of ['case', ...settings.map(({ abi, target, waiting }) => `${abi} ${target} ${waiting}`)]) {
    const cell = document.createElement('th');
    cell.textContent = words;
    heading.append(cell);
  }

  function lineOf(id: string): HTMLTableRowElement {
    const known = lines.get(id);
    if (known) return known;
    const line = cases.insertRow();
    const name = document.createElement('th');
    name.textContent = id;
    line.append(name, ...settings.map(() => document.createElement('td')));
    lines.set(id, line);
    hideUnwanted(id, line);
    return line;
  }

  function hideUnwanted(id: string, line: HTMLTableRowElement): void {
    const hasFailed = line.querySelector('[data-status=failed]') !== null;
    line.hidden = !id.includes(wanted.text) || (wanted.onlyFailures && !hasFailed);
  }

  return {
    show(column, reports) {
      for (const { id, status, reason } of reports.slice(shown[column])) {
        const line = lineOf(id);
        const cell = line.cells[column + 1];
        if (!cell) continue;
        cell.dataset.status = status;
        cell.textContent = signs[status];
        if (reason) cell.title = reason;
        hideUnwanted(id, line);
      }
      shown[column] = reports.length;
    },
    filter(text, onlyFailures) {
      wanted = { text, onlyFailures };
      for (const [id, line] of lines) hideUnwanted(id, line);
    },
  };
}
