// Runs Azurite's blob service for one SelfDev host and ends with it, however the host ends.
'use strict';
const fs = require('fs');

// The host holds the other end of stdin. It closes when the host exits, kill -9 included; Azurite then writes its
// index to disk and stops. Five seconds are for a disk that hangs.
function stop() {
  setTimeout(() => process.exit(1), 5000).unref();
  process.kill(process.pid, 'SIGTERM');
}

process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();

// With the host gone nobody reads our output; a broken pipe must not stop the index from being written.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// Ctrl-C reaches every process of the terminal: storage has to outlive the host's own shutdown.
const once = process.once;
process.once = (event, handler) => (event === 'SIGINT' ? process : once.call(process, event, handler));
process.on('SIGINT', () => {});

// For the next host on this data: who may still be writing to it. Start time in Unix milliseconds.
if (process.env.SELFDEV_AZURITE_PID_FILE) {
  fs.writeFileSync(
    process.env.SELFDEV_AZURITE_PID_FILE,
    JSON.stringify({ pid: process.pid, startedAt: Math.round(Date.now() - process.uptime() * 1000) }));
}

require('azurite/dist/src/blob/main.js');
