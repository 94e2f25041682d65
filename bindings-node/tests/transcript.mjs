// Writes down what a program can see of the client, every log line and every error, to look through for secrets: in
// `node-log.txt` of the folder that BEPRODUCT_TRANSCRIPTS names.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { BeProductError } from 'beproduct-client';

const folder = process.env.BEPRODUCT_TRANSCRIPTS;

function write(...texts) {
  appendFileSync(join(folder, 'node-log.txt'), `${texts.join('\n')}\n`);
}

/** Settings of a client whose lines are written down. */
export const transcript = folder
  ? {
      onLog: ({ level, message, operation, requestId }) =>
        write([level, operation, requestId, message].join(' ')),
    }
  : {};

if (folder) {
  mkdirSync(folder, { recursive: true });
  const { fromJSON } = BeProductError;
  BeProductError.fromJSON = (fields) => {
    const error = fromJSON.call(BeProductError, fields);
    write(inspect(error, { depth: 9, showHidden: true }), error.stack, JSON.stringify(error));
    return error;
  };
}
