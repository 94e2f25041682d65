import { toError } from './failure.js';

/**
 * Waits for work of the engine, which `cancel` gives up when the signal is aborted. Its failure becomes an error with a
 * cause: the signal's reason, or what `causeOf` knows behind a message.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  cancel: () => void,
  start: () => Promise<T>,
  causeOf?: (message: string) => unknown,
): Promise<T> {
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await start();
  } catch (error) {
    throw toError(error, ({ kind, message }) =>
      kind === 'cancelled' && signal?.aborted ? signal.reason : causeOf?.(message),
    );
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
