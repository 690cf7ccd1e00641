// Runs Azurite's blob service for one SelfDev host and ends with it, however the host ends.
'use strict';
const fs = require('fs');
const path = require('path');

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

// Azurite replaces its indexes by a new file that it renames into place, and syncs neither: after a power cut there could be half an
// index, or an empty one, and with it nothing of all that was ever stored.
function sync(name, flags, done) {
  fs.open(name, flags, (missing, file) => (missing ? done(missing) : fs.fsync(file, (failed) => fs.close(file, () => done(failed)))));
}

const rename = fs.rename;
fs.rename = (from, to, done) => {
  if (!path.basename(String(to)).startsWith('__azurite_db_')) {
    rename.call(fs, from, to, done);
    return;
  }

  sync(from, 'r+', (failed) => (failed
    ? done(failed)
    // Where folders cannot be opened (Windows) a renamed file is durable as it is.
    : rename.call(fs, from, to, (refused) => (refused ? done(refused) : sync(path.dirname(to), 'r', () => done(null))))));
};

// For the next host on this data: who may still be writing to it. Start time in Unix milliseconds.
if (process.env.SELFDEV_AZURITE_PID_FILE) {
  fs.writeFileSync(
    process.env.SELFDEV_AZURITE_PID_FILE,
    JSON.stringify({ pid: process.pid, startedAt: Math.round(Date.now() - process.uptime() * 1000) }));
}

require('azurite/dist/src/blob/main.js');
