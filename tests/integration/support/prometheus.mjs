// Whether a text is what Prometheus can scrape.
import assert from 'node:assert/strict';

const LABEL = String.raw`\w+="(?:[^"\\]|\\.)*"`;
const SAMPLE = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)(\{${LABEL}(?:,${LABEL})*\})? (-?[\d.e+-]+|NaN|[+-]Inf)$`);

export function assertPrometheus(text) {
  assert.ok(text.endsWith('\n'), 'the last line has an end');
  const typed = new Map();
  const seen = new Set();
  let samples = 0;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# TYPE ')) {
      const [, , name, type] = line.split(' ');
      assert.ok(!typed.has(name), `two types of ${name}`);
      assert.match(type, /^(counter|gauge|histogram|summary|untyped)$/);
      typed.set(name, type);
    } else if (!line.startsWith('# HELP ')) {
      const found = SAMPLE.exec(line);
      assert.ok(found, `not a sample: ${line}`);
      const name = found[1].replace(/_(bucket|sum|count)$/, '');
      assert.ok(typed.has(name) || typed.has(found[1]), `${found[1]} has no type`);
      const series = found[1] + (found[2] ?? '');
      assert.ok(!seen.has(series), `${series} stands there twice`);
      seen.add(series);
      samples += 1;
    }
  }
  assert.ok(samples > 0, 'no samples');
}
