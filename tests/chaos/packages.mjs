// The npm packages of tests/integration, which this folder has none beside.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../integration/package.json', import.meta.url));

export const amqp = require('amqplib');
export const { io } = require('socket.io-client');
export const { createClient } = require('redis');
