// The programs of a page: blocks ```js NAME and ```python NAME, each with the blocks ```output that
// follow it.
import { readFileSync } from 'node:fs';

const FENCE = /^```(\S*) ?(\S*)$/;

export function readBlocks(path) {
  const blocks = [];
  let open = null;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const fence = FENCE.exec(line);
    if (open && fence) open = null;
    else if (open) open.lines.push(line);
    else if (fence) blocks.push(open = { language: fence[1], name: fence[2], lines: [] });
  }
  return blocks;
}

// Programs by name: { language, text, outputs }.
export function readPrograms(path) {
  const programs = new Map();
  let last = null;
  for (const { language, name, lines } of readBlocks(path)) {
    if (language === 'output') {
      if (!last) throw new Error(`nothing prints ${lines[0]}`);
      last.outputs.push(lines);
    } else if (['js', 'python'].includes(language)) {
      if (!name || programs.has(name)) throw new Error(`a program without a name of its own: ${name}`);
      last = { language, text: `${lines.join('\n')}\n`, outputs: [] };
      programs.set(name, last);
    }
  }
  return programs;
}
