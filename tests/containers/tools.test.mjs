// The chapters "The first event" and "The HTTP API of the containers" of docs/deployment.md, typed as they stand there,
// behind the proxy with three edges and two relays. tests/containers/run starts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../integration/support/clients.mjs';
import { containers, untilHealthy } from './stack.mjs';
import { listenMeanwhile, toolsLine, type } from './typed.mjs';

const ROOM = { roomType: 'conversation', roomId: '42' };

test('a token of ws-token lets an official client in, and into no room', async () => {
  await untilHealthy();
  const [token] = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(await type(await toolsLine('tools ws-token')));
  const client = new Client(process.env.GATEWAY_URL, { auth: { token } });
  try {
    const answer = await client.ack('join_room', ROOM);
    assert.match(JSON.stringify(answer), /Forbidden/);
  } finally {
    client.close();
  }
});

test('an event of ws-publish reaches ws-listen through the proxy', async (t) => {
  const line = await listenMeanwhile(undefined, async () => {
    assert.match(await type(await toolsLine('ws-publish')), /1 sent, 1 taken by a queue/);
  });
  t.diagnostic(line);
});

test('an event of the HTTP API reaches ws-listen through the proxy', async (t) => {
  const line = await listenMeanwhile(undefined, async () => {
    assert.match(await type(await toolsLine('curl')), /"routingKey":"booking.confirmed"/);
  });
  t.diagnostic(line);
});

test('ws-control finds the edges', async () => {
  const shown = await type((await toolsLine('tools ws-token')).replace(/ws-token .*/, 'ws-control edges'));
  const edges = await containers('edge');
  assert.equal(shown.match(/"edge":/g)?.length, edges.length, shown);
});

test('tools leave nothing behind', async () => {
  assert.deepEqual(await containers('tools'), []);
});
