// The number of shards is changed while a client is away: relay and edges are started anew with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { Traveller, say } from './support/traveller.mjs';

const made = await gateway();
const { edge, relay, services } = made;

test('from one to four: afresh, and everything goes on', async (t) => {
  const room = newConversation();
  const line = await Line.to(t, edge);
  const traveller = await Traveller.connect(t, line, { userId: 'u1' });
  await traveller.join('conversation', room.id);
  await say(services, room, 1);
  await traveller.heard([1]);
  const { id } = traveller;
  const back = await traveller.away(async () => {
    for (const program of [edge, relay]) {
      await program.stop();
      program.env.BUS_SHARDS = '4';
      await program.start();
    }
    await made.ready();
    await say(services, room, 2);
  });
  assert.equal(back.recovered, false);
  assert.notEqual(back.id, id);
  assert.equal(await edge.metric('ws_edge_recoveries_total{result="offset"}'), 1);
  await traveller.join('conversation', room.id);
  await say(services, room, 3);
  await traveller.heard([1, 3]);
});
