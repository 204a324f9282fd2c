// The official client, served for pages that load it from the gateway.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';

const { edge } = await gateway();

const url = (name) => `${edge.url}/socket.io/${name}`;

const scripts = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js'];

for (const name of scripts) {
  describe(name, () => {
    test('is a script of the official client 4', async () => {
      const answer = await request(url(name));
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^(application|text)\/javascript/);
      assert.match(answer.headers['content-type'], /charset=utf-8/i);
      assert.match(answer.body, /Socket\.IO v4\./);
      assert.match(answer.headers['cache-control'], /public/);
    });

    test('is not sent again to who has it', async () => {
      const { etag } = (await request(url(name))).headers;
      assert.match(etag, /^(W\/)?"[^"]+"$/);
      const again = await request(url(name), { headers: { 'If-None-Match': etag } });
      assert.equal(again.status, 304);
      assert.equal(again.body, '');
    });

    test('is sent to who has another one', async () => {
      const answer = await request(url(name), { headers: { 'If-None-Match': '"4.0.0"' } });
      assert.equal(answer.status, 200);
    });

    test('has a source map', async () => {
      const answer = await request(url(`${name}.map`));
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.equal(answer.json().version, 3);
    });

    test('answers HEAD', async () => {
      const answer = await request(url(name), { method: 'HEAD' });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, '');
    });
  });
}

for (const name of ['socket.io.js', 'socket.io.min.js']) {
  test(`${name} gives a page the function io()`, async () => {
    const page = { self: {}, setTimeout, clearTimeout };
    page.window = page;
    page.globalThis = page;
    runInNewContext((await request(url(name))).body, page);
    const io = page.io ?? page.self.io;
    assert.equal(typeof io, 'function');
    assert.equal(typeof io.Manager, 'function');
  });
}

test('nothing else of the disk is served', async () => {
  for (const path of ['../../etc/passwd', '%2e%2e/%2e%2e/etc/passwd', 'socket.io.js/..',
    'package.json', 'socket.io.js%00']) {
    const answer = await request(url(path));
    assert.notEqual(answer.status, 200, path);
  }
});

test('a query behind the name does not matter', async () => {
  assert.equal((await request(url('socket.io.js?v=2'))).status, 200);
});
