import { inspect } from 'node:util';

import { ConfigError } from './client/errors.js';
import { fromEngine } from './decode.js';
import { toError } from './failure.js';
import native from './native.cjs';
import type { WebhookEvent } from './records/webhooks.js';

/**
 * Reads the body that the service has sent to a webhook, without sending anything.
 *
 *     const { read, subject } = parseEvent(body);
 *     if (read && subject === 'plan_row') await client.stream(read.operation, read.arguments).collect();
 *     else if (read) await client.call(read.operation, read.arguments);
 *
 * An event tells that something happened to a record, and `read` is the call that tells what. Nothing of it is proven, as it has
 * no signature: give the webhook an address that nobody guesses, and compare `company` where it is there. Answer the service
 * first and work afterwards, drop events whose `repeatKey` you have seen, and poll from time to time, as nobody knows what the
 * service does with events that were not taken (docs/service/webhooks.md).
 *
 * @param body The body as it came: bytes or text, 4 MiB at most.
 * @throws {ConfigError} when the body is empty, longer, cut off, no JSON or no event, or the event of an unknown kind.
 */
export function parseEvent(body: string | Uint8Array): WebhookEvent {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new ConfigError({
      message: `body has to be text or bytes as it came, not ${inspect(body, { depth: -1 })}`,
    });
  }
  try {
    return fromEngine(JSON.parse(native.parseEvent(typeof body === 'string' ? Buffer.from(body) : body)));
  } catch (error) {
    throw toError(error);
  }
}
