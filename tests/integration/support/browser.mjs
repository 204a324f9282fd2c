// A real Chromium without a window.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic',
  '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync'];

function program() {
  const found = [process.env.CHROMIUM, '/usr/bin/chromium'].find((path) => path && existsSync(path));
  if (!found) throw new Error('no chromium: install it, or name it in CHROMIUM');
  return found;
}

// With a profile of its own, which close() removes.
export class Browser {
  static async start(options) {
    const browser = new Browser();
    browser.dir = await mkdtemp(join(tmpdir(), 'chromium-'));
    try {
      browser.context = await chromium.launchPersistentContext(browser.dir,
        { executablePath: program(), args: FLAGS, ...options });
    } catch (error) {
      await browser.close();
      throw error;
    }
    return browser;
  }

  // A new page that remembers what went wrong in it, in words.
  async open(url) {
    const page = await this.context.newPage();
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') page.faults.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async close() {
    await this.context?.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
