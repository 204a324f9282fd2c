// SIGHUP, by which a process reads again what may change.
import { until } from './wait.mjs';

// Sends SIGHUP and waits until it was obeyed; returns what the process has said since.
export async function reload(process, result = 'done') {
  const name = `${process.program.replace('-', '_')}_reloads_total{result="${result}"}`;
  const before = await process.metric(name);
  const from = process.lines.length;
  process.child.signal('SIGHUP');
  await until(`a reload: ${result}`, async () => await process.metric(name) === before + 1);
  await until('its last line', () =>
    process.lines.slice(from).some((line) => line.includes('"read again what may change')));
  return process.lines.slice(from);
}
