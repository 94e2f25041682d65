import { inspect } from 'node:util';

/**
 * Tells the process, and not the caller, of a failure of the host program's own code: once, as it is likely to fail every
 * time.
 */
export function warner(what: string): (error: unknown) => void {
  let told = false;
  return (error) => {
    if (!told) process.emitWarning(`${what} failed: ${inspect(error)}`, 'BeProductWarning');
    told = true;
  };
}
