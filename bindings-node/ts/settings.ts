import type { ClientSettings } from './client/settings.js';
import { encode } from './encode.js';

/** Settings of a client, with the company that it is for. */
export type Settings = ClientSettings & ({ companyDomain: string } | { profile: string });

/** The user that a client acts for, and the application that is registered for impersonation. */
export interface ActAs {
  /** Id of the user. */
  userId: string;
  /** Id of the application. */
  clientId: string;
  /** Secret of the application. */
  clientSecret: string;
}

/** Settings as the engine reads them. */
export function encodeSettings(settings: object): string {
  return encode({ user_agent: `node/${process.versions.node}`, ...settings }, 'settings');
}
